import { describe, expect, test } from "vitest";
import { checkReach, toListening } from "./listening.ts";

const tls = { "tls-cert": "cert.pem", "tls-key": "key.pem" };
const named = { "allowed-host": ["cos.example:8770"] };

describe("what the command line says about listening", () => {
  test("is this machine alone, with tokens, unless it says otherwise", () => {
    expect(toListening({})).toEqual({
      host: "127.0.0.1",
      port: 8770,
      noAuth: false,
      allowed: { hosts: [], origins: [] },
    });
  });

  test.each([
    [{ port: "65536" }, "--port takes"],
    [{ "tls-cert": "cert.pem" }, "go together"],
    [{ "rate-limit": "0" }, "--rate-limit takes"],
    [{ "allowed-host": ["http://cos.example"] }, "--allowed-host takes"],
    [{ "allowed-origin": ["cos.example"] }, "--allowed-origin takes"],
    [{ "allowed-origin": ["https://cos.example/"] }, "--allowed-origin takes"],
    [{ "trusted-proxy": ["proxy.example"] }, "--trusted-proxy takes"],
    [{ "trusted-proxy": ["10.0.0.0/33"] }, "--trusted-proxy takes"],
    [{ "trusted-proxy": ["10.0.0.0/8/8"] }, "--trusted-proxy takes"],
    [{ "insecure-no-auth": true, "trusted-proxy": ["10.0.0.1"] }, "contradict"],
  ])("is refused when it cannot be meant: %j", (given, message) => {
    expect(() => toListening(given)).toThrow(message);
  });

  test.each([
    ["10.1.2.3", true],
    ["::ffff:10.1.2.3", true],
    ["11.0.0.1", false],
    ["192.0.2.7", true],
    ["192.0.2.8", false],
    ["fd00::1", true],
    ["127.0.0.1", false],
    ["", false],
  ])("names the proxies that connections may come from: %s", (address, isTrusted) => {
    const listening = toListening({ "trusted-proxy": ["10.0.0.0/8", "192.0.2.7", "fd00::/8"] });
    expect(listening.isTrusted?.(address)).toBe(isTrusted);
  });
});

describe("a server that other machines reach", () => {
  test.each([
    ["in the clear", {}, /in the clear/],
    ["without tokens", { "insecure-no-auth": true }, /Without tokens/],
    ["without tokens, over TLS", { "insecure-no-auth": true, ...tls }, /Without tokens/],
    ["under no name", tls, /by which name/],
  ])("does not start: %s", (_how, given, message) => {
    expect(() => checkReach(toListening({ host: "0.0.0.0", ...given }))).toThrow(
      expect.objectContaining({
        code: "failed_precondition",
        message: expect.stringMatching(message),
        hint: expect.any(String),
      }),
    );
  });

  test.each([
    ["with TLS", { host: "0.0.0.0", ...tls, ...named }],
    ["behind a proxy that does TLS", { host: "::", "trusted-proxy": ["10.0.0.1"], ...named }],
    ["under the address itself", { host: "192.0.2.1", ...tls }],
  ])("starts %s", (_how, given) => {
    expect(() => checkReach(toListening(given))).not.toThrow();
  });

  test.each(["127.0.0.1", "127.8.8.8", "::1", "localhost"])("is another matter than one at %s", (host) => {
    expect(() => checkReach(toListening({ host, "insecure-no-auth": true }))).not.toThrow();
  });
});
