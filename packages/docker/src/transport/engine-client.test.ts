import { mkdtemp, rm } from "node:fs/promises";
import * as http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EngineClient, pingEngine } from "./engine-client.ts";
import { hijack } from "./hijack.ts";
import { Transport } from "./transport.ts";

const id = "0123456789abcdef".repeat(4);
const start = ["containers", id, "start"];

let directory: string;
let server: http.Server;
let transport: Transport;
let client: EngineClient;
/** What the engine does with a request. */
let respond: (request: http.IncomingMessage, response: http.ServerResponse) => void;
let requests: string[];
let sockets: Socket[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "cos-client-"));
  requests = [];
  sockets = [];
  server = http.createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    respond(request, response);
  });
  server.on("connection", (socket) => sockets.push(socket));
  const path = join(directory, "engine.sock");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  transport = Transport.create({ kind: "unix", path });
  client = new EngineClient(transport, "1.41");
});
afterEach(async () => {
  transport.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

const json = (body: unknown, status = 200) => {
  respond = (_request, response) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};

describe("a path", () => {
  test("has the pinned version and one segment for each name, whatever the name holds", () => {
    const name = fc
      .string({ unit: "binary", minLength: 1 })
      .filter((written) => Buffer.from(written).toString() === written);
    fc.assert(
      fc.property(name, name, (first, second) => {
        const path = client.path(["containers", first, second]);
        expect(path).toMatch(/^\/v1\.41\/containers\/[^/?#]+\/[^/?#]+$/);
        expect(path.split("/").slice(3).map(decodeURIComponent)).toEqual([first, second]);
      }),
    );
  });

  test("keeps parameters apart, and leaves out those without a value", () => {
    const path = client.path(["volumes"], { filters: "a=1&b=2#?/", all: true, t: 0, none: undefined });
    expect(path.startsWith("/v1.41/volumes?")).toBe(true);
    expect(Object.fromEntries(new URLSearchParams(path.split("?")[1]))).toEqual({
      filters: "a=1&b=2#?/",
      all: "true",
      t: "0",
    });
  });
});

describe("a request", () => {
  test("carries its body as JSON and reads the answer", async () => {
    let received = "";
    respond = (request, response) => {
      void text(request).then((body) => {
        received = `${request.headers["content-type"]} ${request.headers["content-length"]} ${body}`;
        response.end('{"Name":"grüße"}');
      });
    };
    expect(await client.call("POST", ["volumes", "create"], { body: { Name: "grüße" } })).toEqual({ Name: "grüße" });
    expect(received).toBe('application/json 18 {"Name":"grüße"}');
    expect(requests).toEqual(["POST /v1.41/volumes/create"]);
  });

  test.each([204, 304])("answered %i without a body has no result", async (status) => {
    respond = (_request, response) => response.writeHead(status).end();
    expect(await client.call("POST", start)).toBeUndefined();
  });

  test.each<[string, string, string[]]>([
    ["the list of routes does not have", "POST", ["commit"]],
    ["climbs", "GET", ["containers", "..", "json"]],
    ["has an empty name", "GET", ["containers", "", "json"]],
    ["holds slashes in a name", "GET", ["containers", "a/../../info", "json"]],
  ])("whose path %s is not sent", async (_what, method, segments) => {
    await expect(client.call(method, segments)).rejects.toMatchObject({ code: "internal" });
    expect(requests).toEqual([]);
  });

  test("on a closed transport is not sent", async () => {
    transport.close();
    await expect(client.call("GET", ["info"])).rejects.toMatchObject({ code: "unavailable" });
    expect(requests).toEqual([]);
  });

  test("that was cancelled already is not sent", async () => {
    await expect(client.call("GET", ["info"], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "cancelled",
    });
    expect(requests).toEqual([]);
  });

  test("to an engine that is not there is unavailable", async () => {
    const nowhere = Transport.create({ kind: "unix", path: join(directory, "nothing.sock") });
    await expect(new EngineClient(nowhere, "1.41").call("GET", ["info"])).rejects.toMatchObject({
      code: "unavailable",
    });
    await expect(pingEngine(nowhere)).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("an answer", () => {
  test.each([
    [404, "not_found"],
    [409, "conflict"],
    [500, "internal"],
  ])("of status %i is the error %s with the engine's words", async (status, code) => {
    json({ message: "because" }, status);
    await expect(client.call("POST", start)).rejects.toMatchObject({
      code,
      message: "The engine refused: because",
      details: { status },
    });
    await expect(client.call("POST", start)).rejects.not.toMatchObject({ details: { unknown: true } });
  });

  test.each([301, 302, 307, 308])("that redirects (%i) is refused, and its target is not asked", async (status) => {
    const elsewhere: string[] = [];
    const other = http.createServer(
      (request, response) => void (elsewhere.push(request.url ?? ""), response.end("{}")),
    );
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = other.address() as AddressInfo;
      respond = (_request, response) => response.writeHead(status, { location: `http://127.0.0.1:${port}/` }).end();
      await expect(client.call("GET", ["info"])).rejects.toMatchObject({
        code: "internal",
        message: expect.stringContaining("redirect") as string,
      });
      expect(elsewhere).toEqual([]);
      expect(requests).toHaveLength(1);
    } finally {
      other.close();
    }
  });

  test("larger than 64 MiB is refused while it comes", async () => {
    let sent = 0;
    respond = (_request, response) => {
      const more = () => {
        while (!response.destroyed && sent < 200) {
          sent++;
          if (!response.write(Buffer.alloc(1024 * 1024))) return void response.once("drain", more);
        }
      };
      more();
    };
    await expect(client.call("GET", ["info"])).rejects.toMatchObject({
      code: "internal",
      message: expect.stringContaining("too large") as string,
    });
    expect(sent).toBeLessThan(80);
  });

  test.each(["<html>", "{", "nope", "{}x"])(
    "that is not JSON (%s) is refused, and may have been acted on",
    async (body) => {
      respond = (_request, response) => response.end(body);
      await expect(client.call("GET", ["info"])).rejects.toMatchObject({ code: "internal" });
      await expect(client.call("GET", ["info"])).rejects.not.toMatchObject({ details: { unknown: true } });
      await expect(client.call("POST", start)).rejects.toMatchObject({ code: "internal", details: { unknown: true } });
    },
  );

  test.each<[string, (response: http.ServerResponse) => void]>([
    ["before its headers", (response) => void response.destroy()],
    [
      "within its body",
      (response) =>
        void (response.writeHead(200, { "content-length": 100 }), response.write("{", () => response.destroy())),
    ],
    ["between two chunks", (response) => void response.write("{", () => response.destroy())],
  ])("that is cut %s is unavailable; what a change has done is unknown", async (_where, cut) => {
    respond = (_request, response) => cut(response);
    await expect(client.call("POST", start)).rejects.toMatchObject({ code: "unavailable", details: { unknown: true } });
    await expect(client.call("GET", ["info"])).rejects.toMatchObject({ code: "unavailable" });
    await expect(client.call("GET", ["info"])).rejects.not.toMatchObject({ details: { unknown: true } });
  });

  test.each<[string, (response: http.ServerResponse) => void]>([
    ["never begins", () => undefined],
    ["never ends", (response) => void response.write("{")],
  ])("that %s ends with the deadline, or when cancelled", async (_what, hang) => {
    let asked = () => {};
    respond = (_request, response) => {
      hang(response);
      asked();
    };
    await expect(client.call("POST", start, { deadlineMs: 50 })).rejects.toMatchObject({
      code: "deadline_exceeded",
      details: { unknown: true },
    });
    const stop = new AbortController();
    asked = () => setImmediate(() => stop.abort());
    await expect(client.call("GET", ["info"], { signal: stop.signal })).rejects.toMatchObject({ code: "cancelled" });
  });

  test("as a stream is handed over with its headers, and outlives its deadline", async () => {
    let finish = () => {};
    respond = (_request, response) => {
      response.writeHead(200).flushHeaders();
      finish = () => response.end("late");
    };
    const stream = await client.stream("GET", ["events"], { deadlineMs: 50 });
    setTimeout(finish, 100);
    expect(await text(stream)).toBe("late");
  });
});

describe("a connection that is handed over", () => {
  const attach = ["containers", id, "attach"];
  const upgraded = (take: (socket: Socket) => void) => server.on("upgrade", (_request, socket: Socket) => take(socket));
  const head = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

  test("carries bytes both ways, those right behind the headers included", async () => {
    upgraded((socket) => {
      socket.write(`${head}first`);
      socket.on("data", (data) => socket.end(`echo ${data.toString()}`));
    });
    const received: string[] = [];
    const stream = await hijack(client, attach, { stream: true }, (chunk) => received.push(chunk.toString()) > 0);
    await stream.write(Buffer.from("hello"));
    await stream.ended;
    expect(received.join("")).toBe("firstecho hello");
  });

  test("is taken however the headers are cut", async () => {
    upgraded((socket) => {
      const bytes = Buffer.from(`${head}body`);
      let at = 0;
      const next = () =>
        at < bytes.byteLength ? socket.write(bytes.subarray(at, ++at), () => setImmediate(next)) : socket.end();
      next();
    });
    let received = "";
    const stream = await hijack(client, attach, {}, (chunk) => (received += chunk.toString()) !== "");
    await stream.ended;
    expect(received).toBe("body");
  });

  test("may be refused", async () => {
    upgraded((socket) => socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 26\r\n\r\n{"message":"no container"}'));
    await expect(hijack(client, attach, {}, () => true)).rejects.toMatchObject({ code: "not_found" });
  });

  test.each<[string, (socket: Socket) => void]>([
    ["closes it", (socket) => void socket.end()],
    ["breaks it", (socket) => void socket.destroy()],
    ["sends no headers", (socket) => void socket.end("x".repeat(100))],
    ["never ends the headers", (socket) => void socket.write("x".repeat(100_000))],
  ])("fails when the engine %s instead", async (_what, take) => {
    upgraded(take);
    await expect(hijack(client, attach, {}, () => true)).rejects.toMatchObject({
      code: expect.stringMatching(/unavailable|internal/) as string,
    });
  });

  test("can be cancelled while it is asked for", async () => {
    const stop = new AbortController();
    upgraded(() => stop.abort());
    await expect(hijack(client, attach, {}, () => true, stop.signal)).rejects.toMatchObject({ code: "cancelled" });
  });

  test("waits while the reader needs time", async () => {
    upgraded((socket) => void socket.write(head, () => socket.end("hello")));
    let resume = () => {};
    let reads = 0;
    const paused = new Promise<void>((resolve) => {
      resume = resolve;
    });
    const stream = await hijack(client, attach, {}, () => {
      reads++;
      resume();
      return false;
    });
    await paused;
    expect(reads).toBe(1);
    stream.resume();
    await stream.ended;
  });
});
