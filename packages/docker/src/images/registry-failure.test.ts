import { describe, expect, test } from "vitest";
import { toRegistryFailure } from "./registry-failure.ts";

const pull = { deed: "pull", reference: "r.io/x:1", domain: "r.io" } as const;

describe("a pull that fails", () => {
  test.each([
    [
      'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
      "unavailable",
      "The engine cannot reach the registry r.io.",
    ],
    [
      'Get "https://r.io/v2/": dial tcp: lookup r.io on 10.0.0.1:53: no such host',
      "unavailable",
      "The engine cannot reach the registry r.io.",
    ],
    [
      'Get "https://r.io/v2/": http: server gave HTTP response to HTTPS client',
      "unavailable",
      "The engine cannot reach the registry r.io.",
    ],
    ["manifest for r.io/x:1 not found: manifest unknown: manifest unknown", "not_found", "r.io has no r.io/x:1."],
    [
      "pull access denied for x, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
      "not_found",
      "There is no r.io/x:1, or it is private.",
    ],
    [
      'Head "https://r.io/v2/x/manifests/1": unauthorized: authentication required',
      "denied",
      "r.io does not let this user pull r.io/x:1.",
    ],
    [
      'Head "https://r.io/v2/x/manifests/1": no basic auth credentials',
      "denied",
      "r.io does not let this user pull r.io/x:1.",
    ],
    [
      `error parsing HTTP 400 response body: invalid character 'C' looking for beginning of value: "Client sent an HTTP request to an HTTPS server.\\n"`,
      "denied",
      "r.io does not let this user pull r.io/x:1.",
    ],
    ["toomanyrequests: You have reached your pull rate limit.", "unavailable", "r.io allows no more pulls for now."],
    [
      "no matching manifest for linux/arm64/v8 in the manifest list entries",
      "unsupported",
      "r.io/x:1 does not exist for this engine's platform.",
    ],
    [
      "write /var/lib/docker/tmp/x: no space left on device",
      "failed_precondition",
      "The engine has no room for r.io/x:1.",
    ],
    [
      "filesystem layer verification failed for digest sha256:00",
      "unavailable",
      "r.io/x:1 could not be pulled: filesystem layer verification failed for digest sha256:00",
    ],
  ])("with %j says %s", (text, code, message) => {
    const failure = toRegistryFailure(text, pull);
    expect({ code: failure.code, message: failure.message }).toEqual({ code, message });
    expect(failure.hint).toBeTruthy();
  });

  test("does not repeat what something else than a registry has answered", () => {
    const text = `error parsing HTTP 404 response body: invalid character 's' looking for beginning of value: "secret page"`;
    expect(JSON.stringify(toRegistryFailure(text, pull))).not.toContain("secret");
  });

  test("names the registry in the hint to sign in, but not Docker Hub", () => {
    expect(toRegistryFailure("unauthorized", pull).hint).toContain("docker login r.io");
    expect(toRegistryFailure("unauthorized", { ...pull, domain: "docker.io" }).hint).toMatch(/docker login$/);
  });
});

describe("a push that fails", () => {
  const push = { ...pull, deed: "push" } as const;
  test.each([
    ["denied: requested access to the resource is denied", "denied", "r.io does not let this user push r.io/x:1."],
    ["name unknown: repository name not known to registry", "not_found", "r.io has no place for r.io/x:1."],
    ["toomanyrequests", "unavailable", "r.io allows no more pushes for now."],
    ["blob upload invalid", "unavailable", "r.io/x:1 could not be pushed: blob upload invalid"],
  ])("with %j says %s", (text, code, message) => {
    const failure = toRegistryFailure(text, push);
    expect({ code: failure.code, message: failure.message }).toEqual({ code, message });
  });
});
