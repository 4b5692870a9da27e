import { afterAll, beforeAll, expect, test } from "vitest";
import { startCollector } from "../testing/collector.ts";
import { connectHttp } from "../testing/connect-http.ts";
import { startHttp } from "../testing/http-process.ts";
import { type Installation, makeInstallation } from "../testing/installation.ts";

const canary = "canary-91c4";

let installation: Installation;
beforeAll(() => {
  installation = makeInstallation();
});
afterAll(() => installation.remove());

test("a job is seen in the log, the traces and the metrics, and nothing of what it was given and wrote", async () => {
  await using collector = await startCollector();
  const env = {
    ...installation.env,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
  };
  await using server = await startHttp({ env, args: ["--insecure-no-auth", "--log-format", "json"] });
  let metrics: string;
  {
    await using client = await connectHttp(server.url);
    const job = {
      image: "busybox",
      pull: "never",
      command: "cat; echo $TOKEN >&2; exit 3",
      stdin: canary,
      env: { TOKEN: canary },
    };
    expect(JSON.stringify(await client.call("container_run", job))).toContain(canary);
    await client.call("container_logs", { container: "no-such-container" });
    metrics = await (await fetch(new URL("/metrics", server.url))).text();
    expect((await fetch(new URL("/readyz", server.url))).status).toBe(200);
  }
  server.kill("SIGTERM");
  expect(await server.ended).toBe(0);

  const entries = server
    .stderr()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const [run, logs] = entries.filter(({ operation }) => operation !== undefined);
  expect(run).toMatchObject({ level: "info", status: "done", exitCode: 3, input: { image: "busybox" } });
  expect(logs).toMatchObject({ level: "warn", code: "not_found", input: { container: "no-such-container" } });
  expect(collector.spans()).toMatchObject([
    {
      name: "tools/call container_run",
      status: {},
      attributes: { "cos.status": "done", "cos.call.id": run?.["callId"] },
    },
    { name: "tools/call container_logs", attributes: { "cos.error.code": "not_found" } },
  ]);
  expect(metrics).toContain('cos_calls_total{operation="container_run",status="done",code=""} 1\n');
  expect(metrics).toContain('cos_calls_total{operation="container_logs",status="failed",code="not_found"} 1\n');
  expect(metrics).toContain('cos_engine_up{engine="local"} 1\n');
  const sent = collector.requests.map(({ body }) => body.toString());
  for (const told of [server.stderr(), metrics, ...sent]) expect(told).not.toContain(canary);
});
