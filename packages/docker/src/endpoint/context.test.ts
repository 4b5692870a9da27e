import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { currentContextName, getContextEndpoint } from "./context.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cos-context-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(path: string, content: unknown): void {
  const file = join(directory, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
}

const idOf = (name: string) => createHash("sha256").update(name).digest("hex");

function writeContext(name: string, docker: unknown, meta: Record<string, unknown> = {}): void {
  write(`contexts/meta/${idOf(name)}/meta.json`, {
    Name: name,
    Metadata: {},
    Endpoints: { docker },
    ...meta,
  });
}

describe("the current Docker context", () => {
  test("is the one that docker context use wrote down", () => {
    write("config.json", { currentContext: "colima" });
    expect(currentContextName({}, directory)).toBe("colima");
  });

  test("is DOCKER_CONTEXT when that is set", () => {
    write("config.json", { currentContext: "colima" });
    expect(currentContextName({ DOCKER_CONTEXT: "prod" }, directory)).toBe("prod");
    expect(currentContextName({ DOCKER_CONTEXT: "default" }, directory)).toBeUndefined();
  });

  test("is none without a configuration, or when it is the default", () => {
    expect(currentContextName({}, directory)).toBeUndefined();
    expect(currentContextName({}, undefined)).toBeUndefined();
    write("config.json", { currentContext: "default" });
    expect(currentContextName({}, directory)).toBeUndefined();
  });

  test.each(["not json", "[]", "null", '{"currentContext": 7}', '{"currentContext": "../x"}'])(
    "a configuration of %j is an error, since the meant engine is unknown",
    (content) => {
      write("config.json", content);
      expect(() => currentContextName({}, directory)).toThrow(
        expect.objectContaining({ name: "CosError", code: "failed_precondition" }) as Error,
      );
    },
  );

  test("the error about a malformed configuration does not quote it", () => {
    write("config.json", '{"auths": {"ghcr.io": {"auth": "c2VjcmV0"}}');
    let shown = "";
    try {
      currentContextName({}, directory);
    } catch (error) {
      shown = inspect(error);
    }
    expect(shown).toContain("config.json is not a JSON object");
    expect(shown).not.toContain("c2VjcmV0");
  });

  test("a configuration that cannot be read is an error", () => {
    mkdirSync(join(directory, "config.json"));
    expect(() => currentContextName({}, directory)).toThrow(/cannot be read \(EISDIR\)/);
  });
});

describe("a Docker context's engine", () => {
  test("may be a socket", async () => {
    writeContext("colima", {
      Host: "unix:///home/me/.colima/default/docker.sock",
      SkipTLSVerify: false,
    });
    expect(await getContextEndpoint("colima", directory)).toEqual({
      kind: "unix",
      path: "/home/me/.colima/default/docker.sock",
    });
  });

  test("may be remote, with its TLS material", async () => {
    writeContext("prod", { Host: "tcp://prod.example:2376" });
    for (const part of ["ca", "cert", "key"]) write(`contexts/tls/${idOf("prod")}/docker/${part}.pem`, `the ${part}`);
    expect(await getContextEndpoint("prod", directory)).toEqual({
      kind: "tcp",
      host: "prod.example",
      port: 2376,
      tls: {
        ca: Buffer.from("the ca"),
        cert: Buffer.from("the cert"),
        key: Buffer.from("the key"),
        rejectUnauthorized: true,
      },
    });
  });

  test("is refused when the context asks to trust any certificate", async () => {
    writeContext("lax", { Host: "tcp://prod.example:2376", SkipTLSVerify: true });
    await expect(getContextEndpoint("lax", directory)).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("SkipTLSVerify") as string,
      hint: expect.stringContaining("ca=") as string,
    });
  });

  test("is refused with half a client certificate", async () => {
    writeContext("half", { Host: "tcp://prod.example:2376" });
    write(`contexts/tls/${idOf("half")}/docker/cert.pem`, "the cert");
    await expect(getContextEndpoint("half", directory)).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("no key.pem") as string,
    });
  });

  test("is not found when there is no such context", async () => {
    await expect(getContextEndpoint("gone", directory)).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining('"gone"') as string,
    });
  });

  test.each([
    ["no endpoint", {}],
    ["an endpoint without a host", { Endpoints: { docker: {} } }],
    ["a host that is no text", { Endpoints: { docker: { Host: 7 } } }],
    ["another name", { Name: "other", Endpoints: { docker: { Host: "unix:///s" } } }],
  ])("metadata with %s is malformed", async (_, meta) => {
    writeContext("odd", undefined, meta);
    await expect(getContextEndpoint("odd", directory)).rejects.toMatchObject({
      code: "failed_precondition",
    });
  });

  test("an engine behind ssh is one", async () => {
    writeContext("far", { Host: "ssh://me@far.example" });
    expect(await getContextEndpoint("far", directory)).toMatchObject({ kind: "ssh", destination: "me@far.example" });
  });
});
