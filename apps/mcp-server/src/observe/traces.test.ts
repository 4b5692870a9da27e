import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCollector } from "../testing/collector.ts";
import { connectHttp } from "../testing/connect-http.ts";
import { startHttp } from "../testing/http-process.ts";
import { type Installation, makeInstallation } from "../testing/installation.ts";
import { startServer } from "../testing/server-process.ts";
import { wantsTraces } from "./otel-environment.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";
const traceparent = `00-${traceId}-${spanId}-01`;
const [otherTraceId, otherSpanId] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];

let installation: Installation;
let env: NodeJS.ProcessEnv;
beforeAll(() => {
  installation = makeInstallation();
  env = { ...installation.env, DOCKER_HOST: `unix://${installation.home}/no-engine.sock` };
});
afterAll(() => installation.remove());

/** Calls a server on standard input, and waits for its end. */
async function callOverStdio(variables: NodeJS.ProcessEnv, ...names: readonly string[]) {
  await using server = await startServer({ env: { ...env, ...variables } });
  for (const [id, name] of names.entries()) {
    server.call(id + 1, name, {});
    await server.received((message) => message["id"] === id + 1);
  }
  const begun = performance.now();
  server.closeInput();
  return { code: await server.ended, endMs: performance.now() - begun, stderr: server.stderr() };
}

describe("spans", () => {
  test("are sent for each call of a tool when the environment names a collector, at the latest before the end", async () => {
    await using collector = await startCollector();
    const variables = {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
    };
    expect(await callOverStdio(variables, "ping", "no such\u001b[2J tool")).toMatchObject({ code: 0, stderr: "" });

    expect(collector.requests.map(({ path }) => path)).toEqual(["/v1/traces"]);
    expect(collector.resource()).toMatchObject({
      "service.name": "cos-mcp",
      "deployment.environment.name": "test",
    });
    const server = 2;
    const failed = 2;
    expect(collector.spans()).toEqual([
      expect.objectContaining({
        name: "tools/call ping",
        kind: server,
        status: { code: failed, message: "unavailable" },
        attributes: expect.objectContaining({
          "mcp.method.name": "tools/call",
          "gen_ai.operation.name": "execute_tool",
          "gen_ai.tool.name": "ping",
          "jsonrpc.request.id": "1",
          "network.transport": "pipe",
          "cos.caller": "agent",
          "cos.status": "failed",
          "cos.error.code": "unavailable",
          "error.type": "tool_error",
        }),
      }),
      expect.objectContaining({
        name: "tools/call",
        attributes: expect.objectContaining({
          "cos.status": "denied",
          "cos.rule": "unknown-operation",
          "cos.call.id": expect.stringMatching(/^[0-9a-f-]{36}$/),
        }),
      }),
    ]);
    expect(JSON.stringify(collector.spans())).not.toContain("no such");
  });

  test.each([
    ["prompts/get", { name: "cleanup" }, "prompts/get cleanup", "gen_ai.prompt.name", "cleanup"],
    ["resources/read", { uri: "cos://workloads" }, "resources/read", "mcp.resource.uri", "cos://workloads"],
  ])("of calls for %s say for which", async (method, params, name, attribute, value) => {
    await using collector = await startCollector();
    const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" };
    {
      await using server = await startServer({ env: { ...env, ...variables } });
      server.send({ jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: { traceparent } } });
      await server.received(({ id }) => id === 1);
      server.closeInput();
      await server.ended;
    }
    const spans = collector.spans();
    expect(spans.length).toBeGreaterThan(0);
    for (const span of spans) {
      expect(span).toMatchObject({ name, parentSpanId: spanId });
      expect(span.attributes).toMatchObject({ [attribute]: value, "error.type": "unavailable" });
    }
  });

  test("are sent as protobuf unless the environment says otherwise", async () => {
    await using collector = await startCollector();
    await callOverStdio({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/here` }, "ping");
    expect(collector.requests.map(({ path, type }) => ({ path, type }))).toEqual([
      { path: "/here", type: "application/x-protobuf" },
    ]);
    expect(collector.requests[0]?.body.toString("latin1")).toContain("tools/call ping");
  });

  test("go on with the trace that the message names, and are linked to that of the HTTP request", async () => {
    await using collector = await startCollector();
    const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" };
    await using server = await startHttp({ env: { ...env, ...variables } });
    {
      const headers = { traceparent: `00-${otherTraceId}-${otherSpanId}-01` };
      await using client = await connectHttp(server.url, headers);
      await client.call("ping", {}, { traceparent });
      await client.call("ping");
      await client.call("ping", {}, { traceparent: `${traceparent} and more` });
    }
    server.kill("SIGTERM");
    expect(await server.ended).toBe(0);
    const [both, onlyHttp, broken] = collector.spans();
    expect(both).toMatchObject({ traceId, parentSpanId: spanId });
    expect(both?.links).toEqual([expect.objectContaining({ traceId: otherTraceId, spanId: otherSpanId })]);
    expect(both?.attributes).toMatchObject({
      "network.transport": "tcp",
      "mcp.session.id": expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(onlyHttp).toMatchObject({ traceId: otherTraceId, parentSpanId: otherSpanId, links: [] });
    expect(broken?.parentSpanId).toBeUndefined();
  });
});

describe("a collector that fails", () => {
  test("and does not answer keeps neither a call nor the end of the process for long", async () => {
    await using collector = await startCollector({ answers: false });
    const { code, endMs } = await callOverStdio({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }, "ping", "ping");
    expect(code).toBe(0);
    expect(collector.requests).toHaveLength(1);
    expect(endMs).toBeLessThan(4000);
  });

  test("or is not there is told of, once", async () => {
    const variables = {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
      OTEL_EXPORTER_OTLP_TIMEOUT: "100",
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "1",
    };
    const { code, stderr } = await callOverStdio(variables, "ping", "ping", "ping");
    expect(code).toBe(0);
    expect(stderr).toMatch(/^cos-mcp: Spans were not sent: .*\n$/);
  });

  test.each<[NodeJS.ProcessEnv, string]>([
    [{ OTEL_TRACES_EXPORTER: "otlp", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, 'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"'],
    [{ OTEL_TRACES_EXPORTER: "zipkin" }, 'OTEL_TRACES_EXPORTER is "zipkin"'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" }, "OTEL_EXPORTER_OTLP_ENDPOINT is no URL of HTTP"],
  ])("or cannot be spoken to is told of, and calls are made without it: %j", async (variables, what) => {
    const { code, stderr } = await callOverStdio(variables, "ping");
    expect(code).toBe(0);
    expect(stderr).toMatch(/^cos-mcp: There are no traces: .*\nhint: .*\n$/);
    expect(stderr).toContain(what);
  });
});

test.each<[boolean, NodeJS.ProcessEnv]>([
  [false, {}],
  [true, { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" }],
  [true, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://127.0.0.1:4318/v1/traces" }],
  [true, { OTEL_TRACES_EXPORTER: "console" }],
  [false, { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318", OTEL_TRACES_EXPORTER: "none" }],
  [false, { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318", OTEL_SDK_DISABLED: "true" }],
  [false, { OTEL_EXPORTER_OTLP_ENDPOINT: "" }],
])("that there are spans is %s for %j", (wanted, variables) => {
  expect(wantsTraces(variables)).toBe(wanted);
});
