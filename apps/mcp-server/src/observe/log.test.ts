import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectHttp } from "../testing/connect-http.ts";
import { startHttp } from "../testing/http-process.ts";
import { type Installation, makeInstallation } from "../testing/installation.ts";
import { startServer } from "../testing/server-process.ts";

const canary = "canary-7f3a";
/** Text that acts on terminals, and that pretends to be a line of its own. */
const hostile = "a\u001b[2J\n2026-01-01T00:00:00.000Z INFO  root ping done\u202e\u2028\u009b";

let installation: Installation;
let env: NodeJS.ProcessEnv;
beforeAll(() => {
  installation = makeInstallation();
  env = { ...installation.env, DOCKER_HOST: `unix://${installation.home}/no-engine.sock` };
});
afterAll(() => installation.remove());

/** What a server writes while a client makes calls that end in all kinds of ways, without an engine. */
async function logOf(...args: readonly string[]): Promise<string> {
  await using server = await startHttp({ env, args: ["--insecure-no-auth", ...args] });
  {
    await using client = await connectHttp(server.url);
    await client.call("ping");
    await client.call("container_run", {
      image: "busybox",
      command: canary,
      env: { TOKEN: canary },
      stdin: canary,
      files: [{ path: "/a", content: canary }],
    });
    await client.call("container_rm", { container: hostile, [hostile]: 1 });
    await client.call("container_run", { image: `https://me:${canary}@registry.example/image` });
    await client.call(hostile);
  }
  server.kill("SIGTERM");
  expect(await server.ended).toBe(0);
  return server.stderr();
}

const time = String.raw`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z`;

describe("the log of a server for HTTP", () => {
  test("has one readable line for each call: who, what, about what, how it ended and how long it took", async () => {
    const log = await logOf();
    const calls = log.split("\n").filter((line) => line.includes(" agent ") && !line.includes(" session "));
    const shown = String.raw`"a\\u001b\[2J\\n2026-01-01T00:00:00.000Z INFO  root ping done\\u202e\\u2028\\u009b"`;
    const patterns = [
      String.raw`ERROR agent ping failed \(unavailable\): No container engine answers.* durationMs=[\d.]+`,
      String.raw`ERROR agent container_run failed \(unavailable\): .* image=busybox durationMs=[\d.]+`,
      String.raw`WARN  agent container_rm failed \(invalid_argument\) container="\(no name\)" durationMs=[\d.]+`,
      String.raw`WARN  agent container_run failed \(invalid_argument\) image="\(no name\)" durationMs=[\d.]+`,
      String.raw`WARN  agent ${shown} denied rule=unknown-operation durationMs=[\d.]+`,
    ];
    expect(calls).toEqual(patterns.map((pattern) => expect.stringMatching(new RegExp(`^${time} ${pattern}$`))));
  });

  test("has no value that may be secret, and no character that a terminal acts on", async () => {
    const all = await Promise.all([logOf(), logOf("--log-format", "json"), logOf("--log-level", "debug")]);
    for (const log of all) {
      expect(log).not.toContain(canary);
      expect(log.replaceAll("\n", "")).toMatch(/^[ -~]+$/);
    }
  });

  test("is JSON if it is to be, a line for each entry", async () => {
    const log = await logOf("--log-format", "json");
    const entries = log
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const about = { time: expect.stringMatching(`^${time}$`), caller: "agent", callerKind: "http" };
    expect(entries[0]).toMatchObject({ level: "info", msg: expect.stringMatching(/^Serving at http/) });
    expect(entries.filter(({ operation }) => operation !== undefined)).toEqual([
      expect.objectContaining({ ...about, level: "error", operation: "ping", status: "failed", code: "unavailable" }),
      expect.objectContaining({ operation: "container_run", input: { image: "busybox" } }),
      expect.objectContaining({
        operation: "container_rm",
        input: { container: "(no name)" },
        code: "invalid_argument",
      }),
      expect.objectContaining({ operation: "container_run", status: "failed" }),
      expect.objectContaining({ operation: hostile, status: "denied", rule: "unknown-operation", level: "warn" }),
    ]);
  });

  test("also tells when calls begin, at the level debug", async () => {
    expect(await logOf("--log-level", "debug")).toContain("DEBUG agent ping begins\n");
  });
});

describe("a server on standard input", () => {
  const pinged = async (...args: readonly string[]) => {
    await using server = await startServer({ env, args });
    server.call(1, "ping", {});
    await server.received(({ id }) => id === 1);
    server.closeInput();
    await server.ended;
    return server.stderr();
  };

  test("writes no log", async () => {
    expect(await pinged()).toBe("");
  });

  test("writes no more than the level that it is given, and nothing at silent", async () => {
    expect((await pinged("--log-level", "error")).trim().split("\n")).toHaveLength(1);
    expect(await pinged("--log-level", "silent")).toBe("");
  });

  test("writes one when it is asked for, in whichever way", async () => {
    expect(await pinged("--log-level", "info")).toContain(" ERROR agent ping failed (unavailable)");
    expect(JSON.parse((await pinged("--log-format", "json")).trim())).toMatchObject({ callerKind: "stdio" });
  });
});
