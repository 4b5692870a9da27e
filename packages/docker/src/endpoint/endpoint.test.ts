import { CosError } from "@cos/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeEndpoint, parseEndpoint, type TlsMaterial } from "./endpoint.ts";

const tls: TlsMaterial = { ca: Buffer.from("ca"), rejectUnauthorized: true };

function failure(url: string, material?: TlsMaterial): CosError {
  try {
    parseEndpoint(url, material);
  } catch (error) {
    if (CosError.is(error)) return error;
    throw error;
  }
  throw new Error(`${url} was accepted`);
}

describe("an engine's address", () => {
  test.each([
    ["unix:///var/run/docker.sock", { kind: "unix", path: "/var/run/docker.sock" }],
    ["unix:///home/a b/%41.sock", { kind: "unix", path: "/home/a b/%41.sock" }],
    ["tcp://10.0.0.1", { kind: "tcp", host: "10.0.0.1", port: 2375 }],
    ["tcp://10.0.0.1:80", { kind: "tcp", host: "10.0.0.1", port: 80 }],
    ["TCP://engine.example:4000/", { kind: "tcp", host: "engine.example", port: 4000 }],
    ["tcp://:2375", { kind: "tcp", host: "localhost", port: 2375 }],
    ["tcp://[::1]:2375", { kind: "tcp", host: "::1", port: 2375 }],
    ["http://engine", { kind: "tcp", host: "engine", port: 80 }],
    ["https://engine", { kind: "tcp", host: "engine", port: 443, tls: { rejectUnauthorized: true } }],
  ])("%s is read", (url, endpoint) => {
    expect(parseEndpoint(url)).toEqual(endpoint);
  });

  test("TLS material changes the default port, and is kept", () => {
    expect(parseEndpoint("tcp://engine", tls)).toEqual({
      kind: "tcp",
      host: "engine",
      port: 2376,
      tls,
    });
    expect(parseEndpoint("https://engine:8443", tls)).toEqual({
      kind: "tcp",
      host: "engine",
      port: 8443,
      tls,
    });
  });

  test("a unix socket does not speak TLS", () => {
    expect(parseEndpoint("unix:///s", tls)).toEqual({ kind: "unix", path: "/s" });
  });

  test("http:// is refused where TLS is configured", () => {
    expect(failure("http://engine", tls).code).toBe("invalid_argument");
  });

  test.each([
    "",
    "/var/run/docker.sock",
    "engine:2375",
    "unix://",
    "unix://relative.sock",
    "unix:///a\0b",
    `unix:///${"x".repeat(200)}`,
    "tcp://engine:0",
    "tcp://engine:65536",
    "tcp://engine:2375/prefix",
    "tcp://engine:2375?x=1",
    "tcp://engine\n:2375",
    "tcp://[::g]:2375",
    "tcp://[1:2]:2375",
    "tcp://-oProxyCommand=x",
  ])("%j is refused", (url) => {
    expect(failure(url)).toMatchObject({
      code: "invalid_argument",
      hint: expect.any(String) as string,
    });
  });

  test.each([
    ["ssh://engine", { destination: "engine", socketPath: "/var/run/docker.sock" }],
    ["ssh://engine/", { destination: "engine", socketPath: "/var/run/docker.sock" }],
    [
      "ssh://me@engine.example:2222",
      { destination: "me@engine.example", port: 2222, socketPath: "/var/run/docker.sock" },
    ],
    ["ssh://me@[fe80::1]:22", { destination: "me@fe80::1", port: 22, socketPath: "/var/run/docker.sock" }],
    ["ssh://alias_1/run/user/1000/docker.sock", { destination: "alias_1", socketPath: "/run/user/1000/docker.sock" }],
  ])("%s is a socket that ssh reaches", (url, endpoint) => {
    expect(parseEndpoint(url)).toEqual({ kind: "ssh", ...endpoint });
  });

  test.each([
    "ssh://",
    "ssh://-oProxyCommand=x",
    "ssh://me@-oProxyCommand=x",
    "ssh://-x@engine",
    "ssh://engine:0",
    "ssh://engine:65536",
    "ssh://me:secret@engine",
    "ssh://engine/a:b",
    "ssh://engine/a\nb",
    "ssh://engine %h",
    "ssh://engine;id",
  ])("%j is refused", (url) => {
    expect(failure(url)).toMatchObject({ code: "invalid_argument", hint: expect.any(String) as string });
  });

  test.each(["npipe:////./pipe/docker_engine", "fd://", "file:///x"])("%s is unsupported", (url) => {
    expect(failure(url).code).toBe("unsupported");
  });

  test.each(["tcp", "http", "https", "ssh", "ftp"])(
    "a password in a %s:// address never appears in the error",
    (scheme) => {
      const error = failure(`${scheme}://me:hunter2@engine:2375`);
      expect(JSON.stringify(error)).not.toContain("hunter2");
    },
  );

  test("any text is either read or refused with a CosError", () => {
    const scheme = fc.constantFrom("unix://", "tcp://", "http://", "https://", "ssh://", "npipe://", "");
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.webAuthority({ withPort: true }),
      fc.ipV6().map((ip) => `[${ip}]`),
    );
    fc.assert(
      fc.property(scheme, text, fc.boolean(), (prefix, rest, withTls) => {
        try {
          const endpoint = parseEndpoint(prefix + rest, withTls ? tls : undefined);
          if (endpoint.kind === "tcp") expect(endpoint.port).toSatisfy((port: number) => port >= 1 && port <= 65_535);
          else expect(endpoint.kind === "ssh" ? endpoint.socketPath : endpoint.path).toMatch(/^\//);
          if (endpoint.kind === "ssh") expect(endpoint.destination).toMatch(/^[^-\s][^\s;&|$`]*$/);
        } catch (error) {
          if (!CosError.is(error)) throw error;
        }
      }),
    );
  });

  test("what is described of an engine behind ssh can be read again", () => {
    const path = fc.constantFrom("/var/run/docker.sock", "/run/user/1000/docker.sock");
    const user = fc.constantFrom("", "me@");
    fc.assert(
      fc.property(
        user,
        fc.domain(),
        fc.option(fc.integer({ min: 1, max: 65_535 })),
        path,
        (who, host, port, socketPath) => {
          const endpoint = {
            kind: "ssh",
            destination: `${who}${host}`,
            socketPath,
            ...(port === null ? {} : { port }),
          } as const;
          expect(parseEndpoint(describeEndpoint(endpoint))).toEqual(endpoint);
        },
      ),
    );
  });

  test("what is described can be read again", () => {
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
        const endpoint = { kind: "tcp", host: name, port } as const;
        expect(parseEndpoint(describeEndpoint(endpoint))).toEqual(endpoint);
      }),
    );
  });
});

describe("describing an endpoint", () => {
  test("says where it is and whether it speaks TLS", () => {
    expect(describeEndpoint({ kind: "unix", path: "/s" })).toBe("unix:///s");
    expect(describeEndpoint({ kind: "tcp", host: "::1", port: 1 })).toBe("tcp://[::1]:1");
    expect(describeEndpoint({ kind: "tcp", host: "h", port: 2376, tls })).toBe("tcp://h:2376 with TLS");
  });
});
