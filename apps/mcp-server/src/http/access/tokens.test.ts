import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openOperator, type TokenRequest } from "@cos/control-plane";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type GuardedServer, initialize, startGuarded } from "../../testing/http-server.ts";
import { type Installation, makeInstallation } from "../../testing/installation.ts";

let installation: Installation;
let server: GuardedServer;
beforeEach(async () => {
  installation = makeInstallation();
  server = await startGuarded(installation);
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  installation.remove();
});

const operator = () => openOperator({ env: installation.env });
const by = { kind: "script", name: "user", hostRoots: [] } as const;
const create = (request: Partial<TokenRequest> = {}) => operator().tokens.create({ name: "agent", ...request }, by);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Begins a session with a token, and answers with its id. */
async function beginSession(token: string): Promise<string> {
  const response = await server.request(bearer(token), { method: "POST", body: initialize });
  expect(response.status).toBe(200);
  await response.text();
  return response.headers.get("mcp-session-id") ?? "";
}

describe("without a token that is good", () => {
  test.each(["GET", "POST", "DELETE", "PUT", "OPTIONS"])("%s is refused on every path", async (method) => {
    const { secret } = create();
    for (const path of [
      "/mcp",
      "/",
      "/other",
      "/.well-known/oauth-protected-resource",
      `/mcp?access_token=${secret}`,
    ]) {
      const body = method === "POST" || method === "PUT" ? initialize : null;
      const response = await server.request({}, { method, path, body });
      expect(response.status, path).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe('Bearer realm="cos"');
    }
    expect(server.calls).toEqual([]);
  });

  test.each([
    ["of another scheme", (token: string) => `Basic ${btoa(`agent:${token}`)}`, "invalid_request"],
    ["without a scheme", (token: string) => token, "invalid_request"],
    ["that is empty", () => "Bearer ", "invalid_request"],
    ["that nobody made", () => `Bearer cos_${"A".repeat(43)}`, "invalid_token"],
    ["that is something else", () => "Bearer hunter2", "invalid_token"],
    ["that lacks its end", (token: string) => `Bearer ${token.slice(0, -1)}`, "invalid_token"],
    ["with more behind it", (token: string) => `Bearer ${token}A`, "invalid_token"],
    ["in another case", (token: string) => `Bearer ${token.toLowerCase()}`, "invalid_token"],
    ["that is a JWT, when there is no issuer", () => "Bearer e30.e30.e30", "invalid_token"],
    ["that is its hash", () => `Bearer ${storedHash()}`, "invalid_token"],
  ])("a token %s is refused, in the same words for all", async (_, header, error) => {
    const { secret } = create();
    const response = await server.request({ authorization: header(secret) }, { method: "POST", body: initialize });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(
      new RegExp(`^Bearer realm="cos", error="${error}", error_description="[^"]+"$`),
    );
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ jsonrpc: "2.0", error: { message: expect.any(String) } });
    if (error === "invalid_token") expect(text).toContain("The access token is not good.");
  });

  test("two Authorization headers are refused, though both are right", async () => {
    const { secret } = create();
    const request = httpRequest(server.url, {
      method: "POST",
      headers: [
        "host",
        new URL(server.url).host,
        "authorization",
        `Bearer ${secret}`,
        "authorization",
        `Bearer ${secret}`,
      ],
    });
    request.end(initialize);
    const [response] = (await once(request, "response")) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(401);
  });

  test("a token that has expired is refused", async () => {
    const { secret, token } = create({ forSeconds: 1 });
    const status = async () => (await server.request(bearer(secret), { method: "POST", body: initialize })).status;
    expect(await status()).toBe(200);
    await vi.waitFor(async () => expect(await status()).toBe(401), { timeout: 5000 });
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(token.expiresAt ?? ""));
  });

  test("nobody is let in while the list of tokens can be used by others, and only the operator is told why", async () => {
    const { secret } = create();
    const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const file = join(installation.home, "cos", "access-tokens.json");
    try {
      chmodSync(file, 0o644);
      for (const token of [secret, "wrong"]) {
        const response = await server.request(bearer(token), { method: "POST", body: initialize });
        expect(response.status).toBe(503);
        expect(await response.text()).not.toContain(installation.home);
      }
      const said = stderr.mock.calls.map(([text]) => String(text));
      expect(said).toEqual([expect.stringContaining("access-tokens.json can be used by other users")]);
    } finally {
      stderr.mockRestore();
    }
    chmodSync(file, 0o600);
    await beginSession(secret);
  });
});

describe("with a token", () => {
  test("a client acts under the token's name, whatever it says of itself", async () => {
    const client = await server.connect(create({ name: "laptop" }).secret);
    await client.callTool({ name: "ping", arguments: { caller: "user" }, _meta: { caller: "user", name: "user" } });
    expect(server.calls).toMatchObject([{ caller: { kind: "http", name: "laptop", hostRoots: ["/srv"] } }]);
    await client.close();
  });

  test("a session is its caller's: another's token does not open it, nor end it", async () => {
    const [mine, theirs] = [create({ name: "mine" }), create({ name: "theirs" })];
    const session = { "mcp-session-id": await beginSession(mine.secret) };
    const call = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
    for (const [method, body] of [
      ["POST", call],
      ["GET", null],
      ["DELETE", null],
    ] as const) {
      const foreign = await server.request({ ...bearer(theirs.secret), ...session }, { method, body });
      expect([foreign.status, await foreign.json()]).toMatchObject([
        404,
        { error: { message: "There is no such session." } },
      ]);
      expect((await server.request(session, { method, body })).status).toBe(401);
    }
    const own = await server.request({ ...bearer(mine.secret), ...session }, { method: "POST", body: call });
    expect([own.status, await own.text()]).toEqual([200, expect.stringContaining("container_run")]);
  });

  test("a caller can change to another of its tokens in the midst of a session", async () => {
    const [one, two] = [create(), create()];
    const session = { "mcp-session-id": await beginSession(one.secret) };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
    const next = await server.request({ ...bearer(two.secret), ...session }, { method: "POST", body });
    expect(next.status).toBe(200);
    await next.text();
  });

  test("a token that is trusted with dialogs lends that to no other, and gets it from none", async () => {
    const [trusted, plain] = [create({ trustsDialogs: true }), create()];
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
    for (const [own, other] of [
      [trusted, plain],
      [plain, trusted],
    ] as const) {
      const session = { "mcp-session-id": await beginSession(own.secret) };
      const use = async ({ secret }: typeof own) =>
        (await server.request({ ...bearer(secret), ...session }, { method: "POST", body })).status;
      expect([await use(other), await use(own)]).toEqual([404, 200]);
    }
  });

  test("what is revoked opens nothing any more, ends its sessions, and cancels what runs there", async () => {
    const [lost, kept] = [create(), create()];
    const [thief, owner] = [await server.connect(lost.secret), await server.connect(kept.secret)];
    const running = thief.callTool({ name: "container_wait", arguments: { container: "web" } });
    await vi.waitFor(() => expect(server.calls).toHaveLength(1));
    operator().tokens.revoke(lost.token.id, by);
    await expect(thief.listTools()).rejects.toThrow(/access token is not good/);
    await expect(server.connect(lost.secret)).rejects.toThrow(/access token is not good/);
    await vi.waitFor(() => expect(server.calls[0]?.signal?.aborted).toBe(true), { timeout: 5000 });
    expect((await owner.listTools()).tools).not.toEqual([]);
    await thief.close();
    await running.catch(() => undefined);
    await owner.close();
  });
});

describe("a stream that is open", () => {
  test.each([
    ["revoked", () => ({}), (id: string) => void operator().tokens.revoke(id, by)],
    ["over", () => ({ forSeconds: 1 }), () => {}],
  ])("is closed when its token is %s", async (_, toRequest, end) => {
    const { secret, token } = create(toRequest());
    const session = { "mcp-session-id": await beginSession(secret) };
    const stream = await server.request({ ...bearer(secret), ...session }, { method: "GET" });
    expect(stream.status).toBe(200);
    end(token.id);
    await stream.text();
    expect((await server.request({ ...bearer(secret), ...session }, { method: "GET" })).status).toBe(401);
    expect((await server.request({ ...bearer(create().secret), ...session }, { method: "GET" })).status).toBe(404);
  });
});

test("a token stands in nothing that is kept or said", async () => {
  const { secret } = create({ name: "canary" });
  const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const answers: string[] = [];
  try {
    for (const [headers, path] of [
      [bearer(secret), "/mcp"],
      [bearer(`${secret}x`), "/mcp"],
      [{ authorization: secret }, "/mcp"],
      [{}, `/${secret}`],
      [bearer(secret), `/${secret}`],
    ] as const) {
      const response = await server.request(headers, { method: "POST", body: initialize, path });
      answers.push(JSON.stringify([...response.headers]), await response.text());
    }
    answers.push(...stderr.mock.calls.map(([text]) => String(text)));
  } finally {
    stderr.mockRestore();
  }
  const kept = readdirSync(installation.home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
  expect(kept.join("\n")).toContain("canary");
  expect([...answers, ...kept].join("\n")).not.toContain(secret.slice(4));
});

/** What the installation keeps of its one token. */
function storedHash(): string {
  const text = readFileSync(join(installation.home, "cos", "access-tokens.json"), "utf8");
  return /[0-9a-f]{64}/.exec(text)?.[0] ?? "";
}
