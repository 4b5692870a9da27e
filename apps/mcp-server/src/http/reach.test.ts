import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { open, send, sendRaw } from "../testing/http-requests.ts";
import { done, serveCalls } from "../testing/calls-server.ts";
import { startHttp } from "../testing/http-process.ts";
import { type Installation, makeInstallation } from "../testing/installation.ts";

let installation: Installation;
let files: { readonly cert: string; readonly key: string };

beforeAll(() => {
  installation = makeInstallation();
  files = { cert: join(installation.home, "cert.pem"), key: join(installation.home, "key.pem") };
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", files.key];
  const name = ["-subj", "/CN=tests", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync("openssl", ["req", "-x509", ...newKey, "-out", files.cert, "-days", "2", ...name], { stdio: "ignore" });
});
afterAll(() => installation.remove());

const health = { method: "GET", path: "/healthz" };

test("with a certificate the server speaks HTTPS, and nothing else", async () => {
  const args = ["--insecure-no-auth", "--tls-cert", files.cert, "--tls-key", files.key];
  await using server = await startHttp({ ...installation, args });
  expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/mcp$/);
  const asked = request(new URL("/readyz", server.url), { ca: readFileSync(files.cert) });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  // Its names are those of the address, also over TLS: it is not refused, whatever the engine says.
  expect([200, 503]).toContain(response.resume().statusCode);
  const old = request(server.url, { ca: readFileSync(files.cert), maxVersion: "TLSv1.1", minVersion: "TLSv1" });
  await expect(once(old.end(), "response")).rejects.toThrow();
  expect(await sendRaw(server.url, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")).toBe("");
});

test("who begins to speak TLS and goes no further is not waited for long", async () => {
  const tls = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
  await using hasty = await serveCalls(async () => done, { tls, limits: { headersMs: 200 } });
  expect(await sendRaw(hasty.url, "\u0016\u0003\u0001")).toBe("");
});

test("a certificate that is none is said at the start", async () => {
  const none = ["--insecure-no-auth", "--tls-cert", files.key, "--tls-key", files.key];
  await expect(startHttp({ ...installation, args: none })).rejects.toThrow(/cannot be used with this key.*\nhint: /);
  const missing = ["--insecure-no-auth", "--tls-cert", `${files.cert}.not`, "--tls-key", files.key];
  await expect(startHttp({ ...installation, args: missing })).rejects.toThrow(/cannot be read: ENOENT.*\nhint: /);
});

test("behind a proxy, nobody else is let in to say a word", async () => {
  await using behind = await startHttp({ ...installation, args: ["--trusted-proxy", "192.0.2.1"] });
  await expect(open(behind.url, health)).rejects.toThrow();
  await using local = await startHttp({ ...installation, args: ["--trusted-proxy", "127.0.0.0/8"] });
  expect(await send(local.url, health)).toMatchObject({ status: 200 });
});

test("a name and a page that are allowed are answered as the server's own", async () => {
  const allowed = ["--allowed-host", "cos.example", "--allowed-origin", "https://app.example"];
  await using server = await startHttp({ ...installation, args: ["--insecure-no-auth", ...allowed] });
  const headers = { host: "COS.example", origin: "https://app.example" };
  expect(await send(server.url, { method: "OPTIONS", headers })).toMatchObject({
    status: 204,
    headers: {
      "access-control-allow-origin": "https://app.example",
      "access-control-allow-headers": expect.stringContaining("mcp-session-id"),
    },
  });
  expect(await send(server.url, { method: "PUT", headers })).toMatchObject({ status: 405 });
  const other = { ...headers, origin: "https://evil.example" };
  expect(await send(server.url, { method: "OPTIONS", headers: other })).toMatchObject({ status: 403 });
});

test("a port that is taken is said at the start", async () => {
  await using server = await startHttp(installation);
  const args = ["--insecure-no-auth", "--port", new URL(server.url).port];
  await expect(startHttp({ ...installation, args })).rejects.toThrow(/cannot listen at .*EADDRINUSE.*\nhint: /);
});
