import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { send, sendRaw } from "../testing/http-requests.ts";
import { initialize } from "../testing/http-server.ts";
import { done, refusal, serveCalls } from "../testing/calls-server.ts";
import type { HttpServer } from "./serve-http.ts";

const perform = vi.fn(async () => done);
const bearer = { authorization: "Bearer agent" };
let server: HttpServer;

beforeAll(async () => {
  server = await serveCalls(perform);
});
afterAll(async () => {
  // Whatever was sent, no call was made of it.
  expect(perform).not.toHaveBeenCalled();
  await server[Symbol.asyncDispose]();
});

describe("a body", () => {
  const post = (body: string, headers = {}) => send(server.url, { headers: { ...bearer, ...headers }, body });

  test.each([
    ["empty", "", 400, /not JSON/],
    ["no JSON", "{", 400, /not JSON/],
    ["no message", "{}", 400, /no message/],
    ["null", "null", 400, /no message/],
    ["an empty list", "[]", 400, /no message/],
    ["a message of another protocol", '{"jsonrpc":"1.0","id":1,"method":"ping"}', 400, /no message/],
    ["more than a message", '{"jsonrpc":"2.0","id":1,"method":"ping","admin":true}', 400, /no message/],
    ["a list of too many", JSON.stringify(Array(33).fill({ jsonrpc: "2.0", method: "x" })), 400, /no message/],
    ["the same name twice", '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}', 400, /same name twice/],
    ["the same name twice, in disguise", '{"a":{"b":1,"\\u0062":2}}', 400, /same name twice/],
    ["nested", `${"[".repeat(60_000)}${"]".repeat(60_000)}`, 400, /nested more than 32/],
    ["nested objects", `${'{"a":'.repeat(33)}1${"}".repeat(33)}`, 400, /nested more than 32/],
    ["too long", " ".repeat(1024 * 1024 + 1), 413, /longer than/],
    ["before the session", '{"jsonrpc":"2.0","id":1,"method":"tools/list"}', 400, /begins with initialize/],
    ["a beginning that wants no answer", JSON.stringify({ ...JSON.parse(initialize), id: undefined }), 400, /no way/],
    ["of a wrong beginning", '{"jsonrpc":"2.0","id":1,"method":"initialize"}', 400, /no way to initialize/],
  ])("is refused that is %s", async (_what, body, status, message) => {
    expect(await post(body)).toMatchObject(refusal(status, message));
  });

  test("may have 32 levels, and names that only look the same", async () => {
    const deep = `${"[".repeat(31)}{"a":"\\"{","b":"}\\\\","A":1}${"]".repeat(31)}`;
    expect(await post(deep)).toMatchObject(refusal(400, /no message/));
  });

  test("is refused that is not UTF-8, or compressed, or of another kind", async () => {
    expect(await post("\u00ff", { "content-encoding": "gzip" })).toMatchObject(refusal(415));
    const packed = { "transfer-encoding": "gzip, chunked" };
    expect(await post("{}", packed)).toMatchObject(refusal(415, /compressed/));
    expect(await post("{}", { "content-type": "text/plain" })).toMatchObject(refusal(415));
    expect(await post("{}", { "content-type": "application/jsonp" })).toMatchObject(refusal(415));
    const head = `POST /mcp HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nAuthorization: Bearer agent\r\n`;
    const rest = "Accept: */*\r\nContent-Type: application/json\r\nContent-Length: 1\r\nConnection: close\r\n\r\n";
    const bytes = Buffer.concat([Buffer.from(head + rest), Buffer.from([0xff])]);
    expect(await sendRaw(server.url, bytes)).toMatch(/^HTTP\/1\.1 400 .*not UTF-8/s);
  });

  test("is not read to its end when it is longer than it may be", async () => {
    const head = `POST /mcp HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nAuthorization: Bearer agent\r\n`;
    const rest = "Accept: */*\r\nContent-Type: application/json\r\n";
    expect(await sendRaw(server.url, `${head}${rest}Content-Length: 5000000000\r\n\r\n{`)).toMatch(/^HTTP\/1\.1 413 /);
    const chunk = `${(64 * 1024).toString(16)}\r\n${" ".repeat(64 * 1024)}\r\n`;
    expect(await sendRaw(server.url, `${head}${rest}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(40)}`)).toMatch(
      /^HTTP\/1\.1 413 /,
    );
  });

  test("is asked for only when it is wanted, of who waits for that", async () => {
    const head = `POST /mcp HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nAuthorization: Bearer agent\r\n`;
    const rest = "Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n";
    expect(await sendRaw(server.url, `${head}${rest}\r\n`)).toMatch(/^HTTP\/1\.1 406 /);
    expect(await sendRaw(server.url, `${head}${rest}Accept: */*\r\n\r\n{}`)).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 400 /,
    );
  });

  test("that never ends, and headers that never end, cost a connection for a moment only", async () => {
    await using hasty = await serveCalls(perform, { limits: { headersMs: 100, requestMs: 200 } });
    const { host } = new URL(hasty.url);
    const slow = [
      `GET /mcp HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `,
      `POST /mcp HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer agent\r\nAccept: */*\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
    ];
    for (const text of slow) expect(await sendRaw(hasty.url, text)).toMatch(/^HTTP\/1\.1 408 |^$/);
  });
});

describe("what is no request to /mcp", () => {
  test.each([
    ["PUT", {}, 405],
    ["GET", { accept: "application/json" }, 406],
    ["POST", { accept: "application/json" }, 406],
    ["GET", {}, 400],
    ["DELETE", {}, 400],
    ["GET", { "mcp-session-id": "00000000-0000-0000-0000-000000000000" }, 404],
    ["DELETE", { "mcp-session-id": "__proto__" }, 404],
  ])("is refused: %s with %j", async (method, headers, status) => {
    expect(await send(server.url, { method, headers: { ...bearer, ...headers } })).toMatchObject(refusal(status));
  });

  test("is not found elsewhere", async () => {
    expect(await send(server.url, { method: "GET", path: "/etc/passwd", headers: bearer })).toMatchObject(refusal(404));
    expect(await send(server.url, { method: "GET", path: "/metrics", headers: bearer })).toMatchObject(refusal(404));
  });
});

test("noise on the port is answered with nothing, or with an error of HTTP", async () => {
  await using hasty = await serveCalls(perform, { limits: { headersMs: 100, requestMs: 100 } });
  for (const noise of [
    "\u0016\u0003\u0001",
    "GET\r\n\r\n",
    "\r\n\r\n\r\n",
    `GET / HTTP/1.1\r\n${"a: b\r\n".repeat(9000)}\r\n`,
  ])
    expect(await sendRaw(hasty.url, `${noise}\r\n\r\n`)).toMatch(
      /^(?:HTTP\/1\.1 4\d\d [\w ]+\r\nConnection: close\r\n\r\n)?$/,
    );
});
