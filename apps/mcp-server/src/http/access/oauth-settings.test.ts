import { describe, expect, test } from "vitest";
import { toMetadataUrl, toPublished } from "./metadata.ts";
import { type OauthOptions, type OauthSettings, toOauthSettings } from "./oauth-settings.ts";

const issuer = "https://id.example.com";
const audience = "https://cos.example.com/mcp";
const given: OauthOptions = { "oauth-issuer": issuer, "oauth-audience": audience };

describe("the options about OAuth", () => {
  test("say nothing when there are none", () => {
    expect(toOauthSettings({})).toBeUndefined();
  });

  test("need an issuer and an audience, and have defaults for the rest", () => {
    expect(toOauthSettings(given)).toEqual({
      issuer,
      audience,
      resource: new URL(audience),
      scopes: [],
      nameClaim: "sub",
    });
    expect(
      toOauthSettings({
        ...given,
        "oauth-audience": "api://cos",
        "oauth-resource": audience,
        "oauth-scope": ["cos:use"],
        "oauth-name-claim": "email",
      }),
    ).toEqual({ issuer, audience: "api://cos", resource: new URL(audience), scopes: ["cos:use"], nameClaim: "email" });
  });

  test.each(["http://127.0.0.1:8080/realms/a", "http://[::1]:8080", "http://localhost:1", "https://id.example.com/"])(
    "take the issuer %s",
    (url) => expect(toOauthSettings({ ...given, "oauth-issuer": url })).toMatchObject({ issuer: url }),
  );

  test.each<[OauthOptions, RegExp]>([
    [{ "oauth-audience": audience }, /^--oauth-audience needs --oauth-issuer/],
    [{ "oauth-scope": ["a"] }, /^--oauth-scope needs --oauth-issuer/],
    [{ "oauth-issuer": issuer }, /needs --oauth-audience/],
    [{ ...given, "oauth-audience": "" }, /needs --oauth-audience/],
    [{ ...given, "oauth-issuer": "http://id.example.com" }, /^--oauth-issuer takes a URL/],
    [{ ...given, "oauth-issuer": "http://127.0.0.1.example.com" }, /^--oauth-issuer takes a URL/],
    [{ ...given, "oauth-issuer": "id.example.com" }, /^--oauth-issuer takes a URL/],
    [{ ...given, "oauth-issuer": "file:///etc/passwd" }, /^--oauth-issuer takes a URL/],
    [{ ...given, "oauth-issuer": "https://a:b@id.example.com" }, /^--oauth-issuer takes a URL/],
    [{ ...given, "oauth-issuer": "https://id.example.com?a=b" }, /^--oauth-issuer takes a URL/],
    [{ ...given, "oauth-audience": "cos" }, /--oauth-resource must say/],
    [{ ...given, "oauth-audience": "api://cos" }, /^--oauth-audience takes a URL/],
    [{ ...given, "oauth-resource": "http://cos.example.com/mcp" }, /^--oauth-resource takes a URL/],
    [{ ...given, "oauth-scope": ["a b"] }, /^--oauth-scope takes one scope/],
    [{ ...given, "oauth-scope": ['a"'] }, /^--oauth-scope takes one scope/],
    [{ ...given, "oauth-name-claim": "" }, /^--oauth-name-claim takes/],
  ])("are refused as %j", (options, message) => {
    expect(() => toOauthSettings(options)).toThrow(message);
  });
});

describe("what is published", () => {
  const settings = toOauthSettings({ ...given, "oauth-scope": ["cos:use"] }) as OauthSettings;

  test("says where tokens are to be had", () => {
    expect(toPublished(settings).get("/.well-known/oauth-protected-resource/mcp")).toEqual({
      resource: audience,
      authorization_servers: [issuer],
      bearer_methods_supported: ["header"],
      scopes_supported: ["cos:use"],
      resource_name: "cos",
    });
  });

  test.each([
    [audience, "https://cos.example.com/.well-known/oauth-protected-resource/mcp"],
    ["https://example.com/cos/mcp", "https://example.com/.well-known/oauth-protected-resource/cos/mcp"],
    ["https://cos.example.com", "https://cos.example.com/.well-known/oauth-protected-resource"],
  ])("of %s stands at %s, and where clients look that were not told", (resource, url) => {
    const own = { ...settings, resource: new URL(resource) };
    expect(toMetadataUrl(own)).toBe(url);
    const wellKnown = "/.well-known/oauth-protected-resource";
    for (const path of [new URL(url).pathname, wellKnown, `${wellKnown}/mcp`])
      expect(toPublished(own).get(path)).toMatchObject({ resource: new URL(resource).href });
  });
});
