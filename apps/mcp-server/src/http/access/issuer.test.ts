import { ClientCredentialsProvider } from "@modelcontextprotocol/sdk/client/auth-extensions.js";
import { generateKeyPair } from "jose";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { initialize } from "../../testing/http-server.ts";
import { startIssuer, type TokenParts } from "../../testing/issuer.ts";
import { type OauthBench, openOauthBench } from "../../testing/oauth-bench.ts";

let bench: OauthBench;
beforeEach(async () => {
  bench = await openOauthBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("a token of the issuer", () => {
  test.each(["RS256", "ES256", "EdDSA"])("lets its subject in, signed with %s", async (alg) => {
    expect(await bench.nameOf(await bench.sign({ header: { alg } }))).toBe("oauth-alice");
  });

  test.each<[string, (url: string) => TokenParts]>([
    ["an audience among others", (url) => ({ claims: { aud: ["https://other.example.com", url] } })],
    ["the kind JWT", () => ({ header: { typ: "JWT" } })],
    ["no kind", () => ({ header: { typ: undefined } })],
    ["an end that this clock has just passed", () => ({ claims: { exp: Math.floor(Date.now() / 1000) - 5 } })],
  ])("is good with %s", async (_, toParts) => {
    const token = await bench.sign(toParts(bench.server().url));
    expect((await bench.begin(token)).status).toBe(200);
  });

  test("names its caller by a subject that cannot be a name, too, and by the claim that the operator chose", async () => {
    expect(await bench.nameOf(await bench.sign({ claims: { sub: "auth0|5f7c8ec7c33c" } }))).toMatch(
      /^oauth\.[0-9a-f]{48}$/,
    );
    await bench.serveWith({ nameClaim: "email" });
    expect(await bench.nameOf(await bench.sign({ claims: { email: "alice@example.com" } }))).toBe(
      "oauth-alice@example.com",
    );
    expect((await bench.begin(await bench.sign())).status).toBe(401);
  });

  test("is not the token of this installation's caller of the same name, and neither opens the other's session", async () => {
    const secret = bench.create("alice");
    expect(await bench.nameOf(secret)).toBe("alice");
    const mine = await bench.begin(secret);
    const theirs = await bench.begin(await bench.sign());
    const use = async (session: string, token: string) => {
      const headers = { authorization: `Bearer ${token}`, "mcp-session-id": session };
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
      const response = await bench.server().request(headers, { method: "POST", body });
      await response.text();
      return response.status;
    };
    expect(await use(mine.session, await bench.sign())).toBe(404);
    expect(await use(theirs.session, secret)).toBe(404);
    expect(await use(theirs.session, await bench.sign({ claims: { sub: "bob" } }))).toBe(404);
    expect(await use(theirs.session, await bench.sign())).toBe(200);
    expect(await use(mine.session, secret)).toBe(200);
  });
});

describe("the issuer", () => {
  test("is told to clients without a token, who then find it and get one by themselves", async () => {
    const refused = await bench.server().request({}, { method: "POST", body: initialize });
    const metadata = `${new URL(bench.server().url).origin}/.well-known/oauth-protected-resource/mcp`;
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toBe(`Bearer realm="cos", resource_metadata="${metadata}"`);
    const client = await bench
      .server()
      .connect(
        new ClientCredentialsProvider({ clientId: "robot", clientSecret: "secret", expectedIssuer: bench.issuer.url }),
      );
    await client.callTool({ name: "ping", arguments: {} });
    expect(bench.server().calls.map(({ caller }) => caller)).toEqual([
      { kind: "http", name: "oauth-robot", hostRoots: ["/srv"] },
    ]);
    await client.close();
  });

  test("is published where clients look, to be read and nothing else", async () => {
    for (const path of ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"]) {
      const response = await bench.server().request({}, { path });
      expect([response.status, await response.json()]).toMatchObject([
        200,
        {
          resource: bench.server().url,
          authorization_servers: [bench.issuer.url],
          bearer_methods_supported: ["header"],
        },
      ]);
      expect((await bench.server().request({}, { path, method: "POST", body: initialize })).status).toBe(401);
    }
  });

  test("is asked for its keys once, however many bad tokens come", async () => {
    const { privateKey: key } = await generateKeyPair("RS256");
    await Promise.all(
      Array.from({ length: 20 }, async (_, at) => bench.begin(await bench.sign({ header: { kid: `k${at}` }, key }))),
    );
    expect((await bench.begin(await bench.sign())).status).toBe(200);
    expect(bench.issuer.requests).toEqual(["/.well-known/oauth-authorization-server", "/keys"]);
  });

  test("is not asked about what is no JWT, or by an installation's own tokens", async () => {
    await bench.begin("hunter2");
    await bench.begin(`cos_${"A".repeat(43)}`);
    expect(bench.issuer.requests).toEqual([]);
  });

  test("may change its keys: new ones are good, and old ones no more, half a minute later", async () => {
    const old = await bench.sign();
    expect((await bench.begin(old)).status).toBe(200);
    await bench.issuer.rotate();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 31_000 });
    expect((await bench.begin(await bench.sign())).status).toBe(200);
    expect((await bench.begin(old)).status).toBe(401);
  });

  test("that does not answer keeps only its own tokens out, and the operator is told why, once", async () => {
    const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    bench.issuer.broken = true;
    const secret = bench.create("laptop");
    const token = await bench.sign();
    const answers = [await bench.begin(token), await bench.begin(token), await bench.begin(secret)];
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 200]);
    expect(answers[0]?.text).not.toContain(bench.issuer.url);
    const asked = bench.issuer.requests.length;
    await bench.begin(token);
    expect(bench.issuer.requests).toHaveLength(asked);
    expect(stderr.mock.calls.map(([text]) => String(text))).toEqual([
      expect.stringMatching(/^cos-mcp: The OAuth issuer .* does not answer .*\nhint: /),
    ]);
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ["calls itself otherwise", { issuer: "https://other.example.com" }, /calls itself "https:\/\/other/],
    ["does not say where its keys are", { jwks_uri: undefined }, /does not say where its keys are/],
    ["has its keys where others can change them", { jwks_uri: "http://keys.example.com/" }, /does not say where/],
    ["has its keys in a file", { jwks_uri: "file:///etc/passwd" }, /does not say where/],
  ])("that %s is not believed", async (_, metadata, message) => {
    const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    bench.issuer.metadata = metadata;
    expect((await bench.begin(await bench.sign())).status).toBe(503);
    expect(String(stderr.mock.calls[0]?.[0])).toMatch(message);
  });

  test("whose keys are broken keeps its tokens out", async () => {
    const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    bench.issuer.metadata = { jwks_uri: `${bench.issuer.url}/nothing` };
    expect((await bench.begin(await bench.sign())).status).toBe(503);
    expect(String(stderr.mock.calls[0]?.[0])).toContain("The keys of the OAuth issuer");
  });

  test("may have a path in its name", async () => {
    await using withPath = await startIssuer("/realms/main");
    await bench.serveWith({ issuer: withPath.url });
    expect((await bench.begin(await withPath.sign(bench.server().url))).status).toBe(200);
    expect(withPath.requests[0]).toBe("/.well-known/oauth-authorization-server/realms/main");
    expect((await bench.begin(await bench.sign())).status).toBe(401);
  });
});
