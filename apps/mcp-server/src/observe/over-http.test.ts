import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectHttp } from "../testing/connect-http.ts";
import { done, serveCalls } from "../testing/calls-server.ts";
import { startHttp } from "../testing/http-process.ts";
import { type Installation, makeInstallation } from "../testing/installation.ts";
import type { RefusalFacts, ServerEvents } from "./server-events.ts";

let installation: Installation;
let env: NodeJS.ProcessEnv;
beforeAll(() => {
  installation = makeInstallation();
  env = { ...installation.env, DOCKER_HOST: `unix://${installation.home}/no-engine.sock` };
});
afterAll(() => installation.remove());

describe("a server over HTTP", () => {
  test("answers /metrics with what it did, and tells in its log of sessions and of refused requests", async () => {
    await using server = await startHttp({ env });
    const metrics = new URL("/metrics", server.url);
    {
      await using client = await connectHttp(server.url);
      await client.call("ping");
      const response = await fetch(metrics);
      expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
      const text = await response.text();
      expect(text).toContain('cos_calls_total{operation="ping",status="failed",code="unavailable"} 1\n');
      expect(text).toContain("cos_sessions_open 1\n");
      expect(text).toContain('cos_engine_up{engine="local"} 0\n');
    }
    await fetch(server.url, { headers: { origin: "http://elsewhere.example" } });
    const text = await (await fetch(metrics)).text();
    expect(text).toContain("cos_sessions_open 0\n");
    expect(text).toContain('cos_requests_refused_total{reason="origin"} 1\n');
    server.kill("SIGTERM");
    expect(await server.ended).toBe(0);
    const log = server.stderr();
    expect(log).toMatch(/ INFO {2}agent session opened sessionId=[0-9a-f]{8}\n/);
    expect(log).toMatch(/ INFO {2}agent session closed sessionId=[0-9a-f]{8}\n/);
    expect(log).toMatch(/ WARN {2}request refused why=origin httpStatus=403 address=127\.0\.0\.1\n/);
  });

  test("shows its metrics to nobody who may not come in, nor whether it is ready", async () => {
    await using server = await startHttp({ env, args: [] });
    for (const path of ["/metrics", "/readyz"]) {
      const response = await fetch(new URL(path, server.url));
      expect(response.status).toBe(401);
      expect(await response.text()).not.toContain("cos_");
    }
  });

  test("is not ready while its engine does not answer", async () => {
    await using server = await startHttp({ env });
    const response = await fetch(new URL("/readyz", server.url));
    expect(response.status).toBe(503);
    expect(await response.text()).toBe("The engine local does not answer.\n");
  });
});

const bearer = { authorization: "Bearer anna" };
const asks = { ...bearer, accept: "application/json, text/event-stream", "content-type": "application/json" };

test.each<[string, RefusalFacts["why"], number, RequestInit & { path?: string }]>([
  ["nobody", "unauthenticated", 401, {}],
  ["a page", "origin", 403, { headers: { ...bearer, origin: "http://elsewhere.example" } }],
  ["who looks elsewhere", "path", 404, { headers: bearer, path: "/etc/passwd" }],
  ["who uses another method", "method", 405, { headers: bearer, method: "PUT" }],
  ["who takes no events", "headers", 406, { headers: { ...bearer, accept: "text/html" } }],
  ["who sends no JSON", "body", 400, { headers: asks, method: "POST", body: "{" }],
  [
    "who has no session",
    "session",
    400,
    { headers: asks, method: "POST", body: `{"jsonrpc":"2.0","id":1,"method":"a"}` },
  ],
  ["who has somebody else's", "session", 404, { headers: { ...asks, "mcp-session-id": "1" }, method: "DELETE" }],
])("a request of %s is refused because of its %s", async (_who, why, status, { path = "/mcp", ...request }) => {
  const refused: RefusalFacts[] = [];
  const events: ServerEvents = {
    sessionOpened() {},
    sessionClosed() {},
    refused: (refusal) => void refused.push(refusal),
  };
  await using server = await serveCalls(() => Promise.resolve(done), { events });
  const response = await fetch(new URL(path, server.url), request);
  expect(response.status).toBe(status);
  const caller = why === "unauthenticated" || why === "origin" ? undefined : expect.objectContaining({ name: "anna" });
  expect(refused).toEqual([{ why, status, address: "127.0.0.1", caller }]);
});
