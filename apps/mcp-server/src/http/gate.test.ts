import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { send, sendRaw } from "../testing/http-requests.ts";
import { done, serveCalls } from "../testing/calls-server.ts";
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

describe("a name that is not the server's", () => {
  const own = () => new URL(server.url).host;

  test.each([
    ["another host", { host: "evil.example" }],
    ["another port", { host: "127.0.0.1:1" }],
    ["its own with something behind", () => ({ host: `${own()}.evil.example` })],
    ["none", { host: "" }],
    ["another origin", { origin: "http://evil.example" }],
    ["another origin with its own name in front", () => ({ origin: `http://${own()}.evil.example` })],
    ["the origin of a file", { origin: "null" }],
    ["another scheme", () => ({ origin: `https://${own()}` })],
  ])("is refused before the body is read: %s", async (_what, headers) => {
    const wrong = typeof headers === "function" ? headers() : headers;
    const half = `POST /mcp HTTP/1.1\r\nHost: ${own()}\r\nContent-Length: 999\r\n`;
    const written = Object.entries({ ...bearer, ...wrong }).map(([name, value]) => `${name}: ${value}\r\n`);
    const request = "host" in wrong ? half.replace(/Host: .*\r\n/, "") : half;
    expect(await sendRaw(server.url, `${request}${written.join("")}\r\n{`)).toMatch(/^HTTP\/1\.1 403 /);
  });

  test("is refused also to who asks first whether the body is wanted", async () => {
    const lines = "POST /mcp HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 9\r\nExpect: 100-continue\r\n";
    expect(await sendRaw(server.url, `${lines}authorization: Bearer agent\r\n\r\n`)).toMatch(/^HTTP\/1\.1 403 /);
  });

  test("is refused when there are two of it", async () => {
    const lines = `GET /mcp HTTP/1.1\r\nHost: ${own()}\r\nHost: evil.example\r\n`;
    expect(await sendRaw(server.url, `${lines}authorization: Bearer agent\r\nconnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 40[03] /,
    );
  });

  test("keeps nobody from asking whether the process is there", async () => {
    const answer = await send(server.url, { method: "GET", path: "/healthz", headers: { host: "pod" } });
    expect(answer).toMatchObject({ status: 200, text: "ok\n" });
  });

  test.each(["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])("is none of its own: %s", async (name) => {
    const host = `${name}:${new URL(server.url).port}`;
    const headers = { ...bearer, host, origin: `http://${host}` };
    expect(await send(server.url, { method: "GET", path: "/readyz", headers })).toMatchObject({
      status: 200,
      headers: { "access-control-allow-origin": `http://${host}` },
    });
  });
});

describe("who does not say who he is", () => {
  const methods = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"];
  const paths = ["/mcp", "/readyz", "/metrics", "/", "/mcp/../healthz", "//healthz", "/%68ealthz"];

  test.each(methods.flatMap((method) => paths.map((path) => [method, path])))(
    "is let into nothing: %s %s",
    async (...way) => {
      const [method = "", path = ""] = way;
      const { status, headers } = await send(server.url, { method, path });
      expect(status).toBe(401);
      expect(headers["www-authenticate"]).toBe("Bearer");
    },
  );
});
