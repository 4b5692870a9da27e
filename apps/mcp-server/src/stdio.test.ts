import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { JSONRPCMessageSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/installation.ts";
import { type ServerProcess, startServer } from "./testing/server-process.ts";

let installation: Installation;

beforeAll(() => {
  installation = makeInstallation();
});
afterAll(() => installation.remove());

const listTools = async (server: ServerProcess) => {
  server.send({ jsonrpc: "2.0", id: 99, method: "tools/list" });
  return await server.received(({ id }) => id === 99);
};

/** What is left of the session when standard output held nothing but messages. */
const onlyMessages = ({ lines }: ServerProcess) => lines.map((line) => JSONRPCMessageSchema.parse(JSON.parse(line)));

describe("a server on standard input and output", () => {
  test("ignores lines that are no messages, and says so on stderr", async () => {
    await using server = await startServer(installation);
    for (const line of [
      "",
      "garbage",
      "{",
      "[]",
      "null",
      '{"jsonrpc": "1.0"}',
      '{"jsonrpc": "2.0", "id": null}',
      "\u0000\u001b[2J",
    ])
      server.send(line);
    expect(await listTools(server)).toMatchObject({ result: { tools: expect.any(Array) } });
    expect(onlyMessages(server)).toHaveLength(2);
    expect(server.stderr()).toBe("cos-mcp: A line that is no message of MCP was ignored.\n".repeat(8));
  });

  test("answers a wrong request by its id, and says nothing of what it was sent", async () => {
    await using server = await startServer(installation);
    const wrong = [
      { params: [] },
      { params: { _meta: null } },
      { params: { _meta: { progressToken: {} } } },
      { more: 1 },
    ];
    for (const [id, more] of wrong.entries()) {
      server.send({ jsonrpc: "2.0", id: `wrong-${id}`, method: "tools/list", ...more });
      const error = { code: -32_600, message: expect.stringContaining("none of JSON-RPC") };
      expect(await server.received((message) => message["id"] === `wrong-${id}`)).toMatchObject({ error });
    }
    for (const id of [1.5, 2 ** 53, true, {}]) server.send({ jsonrpc: "2.0", id, method: "tools/list" });
    const long = "x".repeat(100_000);
    server.send({ jsonrpc: "2.0", id: long, result: { long } });
    server.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: { long } } });
    await listTools(server);
    expect(onlyMessages(server)).toHaveLength(2 + wrong.length);
    expect(server.stderr().split("\n")).toEqual([
      ...Array<string>(wrong.length + 4).fill("cos-mcp: A line that is no message of MCP was ignored."),
      "cos-mcp: An answer to nothing that was asked was ignored.",
      "cos-mcp: A notification that is wrong was ignored.",
      "",
    ]);
  });

  test("keeps standard output free of what a dependency prints", async () => {
    const noisy = "const { parse } = JSON; JSON.parse = (...args) => (console.log('noise'), parse(...args));";
    await using server = await startServer({
      ...installation,
      nodeArgs: ["--import", `data:text/javascript,${noisy}`],
    });
    await listTools(server);
    expect(onlyMessages(server)).toHaveLength(2);
    expect(server.stderr()).toMatch(/^(?:noise\n)+$/);
  });

  test("ends when its client closes the input", async () => {
    await using server = await startServer(installation);
    server.closeInput();
    expect(await server.ended).toBe(0);
    expect(server.stderr()).toBe("");
  });

  test("ends when its client has died and reads no answers", async () => {
    await using server = await startServer(installation);
    server.closeOutput();
    server.send({ jsonrpc: "2.0", id: 1, method: "tools/list" });
    expect(await server.ended).toBe(0);
    expect(server.stderr()).toBe("");
  });

  test.each(["closes the input", "lets it be told to end"] as const)(
    "ends when its client reads no answers, keeps the output open, and %s",
    async (how) => {
      await using server = await startServer(installation);
      server.hold("stdout");
      for (let id = 1; id <= 200; id++) server.send({ jsonrpc: "2.0", id, method: "tools/list" });
      if (how === "closes the input") server.closeInput();
      else server.kill("SIGTERM");
      expect(await server.exited).toBe(0);
      expect(server.stderr()).toBe("");
    },
  );

  test("keeps little of what it says on stderr when nobody reads that, and ends", async () => {
    await using server = await startServer(installation);
    server.hold("stderr");
    for (let count = 0; count < 50_000; count++) server.send("x");
    await listTools(server);
    server.closeInput();
    expect(await server.exited).toBe(0);
    server.release("stderr");
    await server.ended;
    expect(server.stderr()).toMatch(/^(?:cos-mcp: A line that is no message of MCP was ignored.\n)+/);
    expect(server.stderr().length).toBeLessThan(1_000_000);
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "ends by %s, though its client is still there",
    async (signal) => {
      await using server = await startServer(installation);
      server.kill(signal);
      expect(await server.ended).toBe(0);
      expect(server.stderr()).toBe("");
    },
  );

  test("ends at once by a second signal, whatever still runs", async () => {
    const address = join(installation.home, "silent.sock");
    await using silent = createServer((socket) => socket.resume()).listen(address);
    await using server = await startServer({ env: { ...installation.env, DOCKER_HOST: `unix://${address}` } });
    server.call(1, "ping", {});
    await once(silent, "connection");
    server.kill("SIGTERM");
    server.kill("SIGINT");
    expect([128 + 2, 128 + 15]).toContain(await server.ended);
  });
});
