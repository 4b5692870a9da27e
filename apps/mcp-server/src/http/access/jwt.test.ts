import fc from "fast-check";
import { exportJWK, generateKeyPair, UnsecuredJWT } from "jose";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openIssuer } from "./issuer.ts";
import { checkJwt } from "./jwt.ts";
import { type OauthBench, openOauthBench } from "../../testing/oauth-bench.ts";

let bench: OauthBench;
beforeEach(async () => {
  bench = await openOauthBench();
});
afterEach(() => bench[Symbol.asyncDispose]());

describe("a token is refused", () => {
  const now = () => Math.floor(Date.now() / 1000);
  const strangerKeys = () => generateKeyPair("RS256", { extractable: true });
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

  test.each<[string, Record<string, unknown>, RegExp?]>([
    ["for another audience", { aud: "https://other.example.com/mcp" }, /claim aud is wrong/],
    ["for an audience that only begins like this one", { aud: "http://127.0.0.1" }, /claim aud is wrong/],
    ["without an audience", { aud: undefined }, /claim aud is wrong/],
    ["of another issuer", { iss: "https://other.example.com" }, /claim iss is wrong/],
    ["of nobody", { iss: undefined }, /claim iss is wrong/],
    ["that has expired", { exp: now() - 60 }, /It has expired/],
    ["that never ends", { exp: undefined }, /claim exp is wrong/],
    ["that ends in words", { exp: "tomorrow" }, /claim exp is wrong/],
    ["that is not good yet", { nbf: now() + 600 }, /claim nbf is wrong/],
    ["about nobody", { sub: undefined }, /claim sub is wrong/],
    ["about nothing", { sub: "" }, /names nobody/],
    ["about a number", { sub: 7 }, /names nobody/],
    ["about several", { sub: ["alice", "bob"] }, /names nobody/],
    ["about more than a name", { sub: "a".repeat(1025) }, /names nobody/],
    ["that is bound to a key", { cnf: { jkt: "abc" } }, /bound to a key/],
  ])("%s", async (_, claims, why = /./) => {
    const { status, text, challenge } = await bench.begin(await bench.sign({ claims }));
    expect(status).toBe(401);
    expect(text).toMatch(why);
    expect(challenge).toContain('error="invalid_token"');
  });

  test.each([["dpop+jwt", "secevent+jwt", "logout+jwt", "JOSE"]].flat())("of the kind %s", async (typ) => {
    expect((await bench.begin(await bench.sign({ header: { typ } }))).status).toBe(401);
  });

  test("that nobody has signed, however it says so", async () => {
    const claims = { iss: bench.issuer.url, aud: bench.server().url, sub: "alice", exp: now() + 300 };
    const [, payload] = new UnsecuredJWT(claims).encode().split(".");
    for (const alg of ["none", "None", "NONE", "nOnE", ""])
      expect((await bench.begin(`${encode({ alg, typ: "at+jwt" })}.${payload}.`)).status).toBe(401);
    expect((await bench.begin(`${encode({ typ: "at+jwt" })}.${payload}.`)).status).toBe(401);
    const [header, signedPayload] = (await bench.sign()).split(".");
    expect((await bench.begin(`${header}.${signedPayload}.`)).status).toBe(401);
  });

  test("that is signed with the public key as if it were a shared secret", async () => {
    const text = bench.issuer.publicKey;
    for (const secret of [text, text.trim(), text.replaceAll(/-----[^-]+-----|\s/g, "")])
      for (const alg of ["HS256", "HS384", "HS512"]) {
        const key = new TextEncoder().encode(secret.padEnd(64));
        for (const kid of ["RS256-1", undefined])
          expect((await bench.begin(await bench.sign({ header: { alg, kid }, key }))).status).toBe(401);
      }
  });

  test("that somebody else has signed, whatever it says of its key", async () => {
    const stranger = await strangerKeys();
    const jwk = await exportJWK(stranger.publicKey);
    const key = stranger.privateKey;
    for (const header of [
      {},
      { kid: "unknown" },
      { kid: undefined },
      { jwk },
      { kid: "unknown", jku: `${bench.issuer.url}/strangers`, x5u: `${bench.issuer.url}/strangers` },
      { kid: "../../keys", alg: "RS256" },
    ])
      expect((await bench.begin(await bench.sign({ header, key }))).status).toBe(401);
    expect(bench.issuer.requests).not.toContain("/strangers");
  });

  test("that was changed after it was signed", async () => {
    const [header, payload = "", signature] = (await bench.sign()).split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
    expect((await bench.begin(`${header}.${encode({ ...claims, sub: "admin" })}.${signature}`)).status).toBe(401);
    expect((await bench.begin(`${header}.${payload}.${signature?.slice(0, -4)}`)).status).toBe(401);
  });

  test("that demands what this server does not know", async () => {
    const claims = { iss: bench.issuer.url, aud: bench.server().url, sub: "alice", exp: now() + 300 };
    const begin = async (header: object) =>
      (await bench.begin(bench.issuer.signRaw({ alg: "RS256", kid: "RS256-1", ...header }, claims))).status;
    expect(await begin({})).toBe(200);
    for (const header of [{ crit: ["b"], b: 1 }, { crit: ["exp"] }, { crit: [] }, { b64: false, crit: ["b64"] }])
      expect(await begin(header)).toBe(401);
  });

  test("wherever it was changed", async () => {
    const token = await bench.sign();
    const issuer = openIssuer(bench.issuer.url);
    const url = bench.server().url;
    const settings = { issuer: bench.issuer.url, audience: url, resource: new URL(url), scopes: [], nameClaim: "sub" };
    expect(await checkJwt(token, issuer, settings)).toEqual({ subject: "alice" });
    const signedLength = token.lastIndexOf(".");
    const change = fc.tuple(fc.nat(signedLength + 300), fc.constantFrom(..."AZaz09_-.", ""));
    await fc.assert(
      fc.asyncProperty(change, async ([at, letter]) => {
        fc.pre(token[at] !== letter);
        const verdict = await checkJwt(token.slice(0, at) + letter + token.slice(at + 1), issuer, settings);
        expect(verdict).toMatchObject({ error: "invalid_token" });
      }),
      { numRuns: 500 },
    );
  });

  test.each(["a.b.c", "..", "...", "e30.e30.e30", `${"a".repeat(4000)}.b.c`, "a.b.c.d.e", "eyJhbGciOiJSUzI1NiJ9..x"])(
    "that is none: %s",
    async (text) => expect((await bench.begin(text)).status).toBe(401),
  );

  test("without a scope that it needs, as forbidden, and is let in with it however it is written", async () => {
    await bench.serveWith({ scopes: ["cos:use", "cos:more"] });
    for (const scope of [undefined, "", "cos:use", "cos:use cos:mor", "cos:usecos:more", ["cos:use"]]) {
      const { status, challenge } = await bench.begin(await bench.sign({ claims: { scope } }));
      expect(status).toBe(403);
      expect(challenge).toMatch(/error="insufficient_scope".*scope="cos:use cos:more"/);
    }
    for (const claims of [
      { scope: "openid cos:more cos:use" },
      { scp: ["cos:use", "cos:more"] },
      { scp: "cos:use cos:more" },
    ])
      expect((await bench.begin(await bench.sign({ claims }))).status).toBe(200);
  });
});
