import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findRegistryAuth, type RegistryAuth, toAuthHeader } from "./credentials.ts";

const hub = "https://index.docker.io/v1/";
const encode = (text: string) => Buffer.from(text).toString("base64");

let directory: string;
let env: NodeJS.ProcessEnv;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cos-auth-"));
  env = { DOCKER_CONFIG: directory, PATH: `${join(directory, "bin")}:/usr/bin:/bin` };
  mkdirSync(join(directory, "bin"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function writeConfig(config: unknown): void {
  writeFileSync(join(directory, "config.json"), JSON.stringify(config));
}

/** A credential helper as a shell script. It keeps what it was called with in `called` and its input in `asked`. */
function writeHelper(name: string, script: string): void {
  const file = join(directory, "bin", `docker-credential-${name}`);
  const start = `printf '%s ' "$@" >'${directory}/called'; cat >'${directory}/asked'`;
  writeFileSync(file, `#!/bin/sh\n${start}\n${script}\n`);
  chmodSync(file, 0o755);
}

const asked = () => readFileSync(join(directory, "asked"), "utf8");
const answer = (username: string, secret: string, url = "") =>
  `echo '${JSON.stringify({ ServerURL: url, Username: username, Secret: secret })}'`;

function password(registry: string, username: string, secret: string): RegistryAuth {
  return { registry, username, password: secret, identityToken: "" };
}

describe("credentials in config.json", () => {
  test("are none without a configuration or an entry", async () => {
    expect(await findRegistryAuth("ghcr.io", env)).toBeUndefined();
    writeConfig({ auths: { "ghcr.io": {}, "quay.io": { auth: encode("me:pw") } } });
    expect(await findRegistryAuth("ghcr.io", env)).toBeUndefined();
  });

  test("are a user name and a password, which may contain colons", async () => {
    writeConfig({ auths: { "ghcr.io": { auth: encode("me:a:b:c") } } });
    expect(await findRegistryAuth("ghcr.io", env)).toEqual(password("ghcr.io", "me", "a:b:c"));
  });

  test("may be an identity token", async () => {
    writeConfig({ auths: { "x.azurecr.io": { auth: encode("me:"), identitytoken: "tok" } } });
    expect(await findRegistryAuth("x.azurecr.io", env)).toMatchObject({
      username: "me",
      identityToken: "tok",
    });
  });

  test.each([hub, "index.docker.io", "docker.io", "https://docker.io/"])(
    "of Docker Hub may be kept as %s",
    async (key) => {
      writeConfig({ auths: { [key]: { auth: encode("me:pw") } } });
      expect(await findRegistryAuth("docker.io", env)).toEqual(password(hub, "me", "pw"));
    },
  );

  test.each([
    "https://reg.example:5000",
    "http://reg.example:5000/",
    "https://reg.example:5000/v2/",
    "REG.example:5000",
  ])("of a registry may be kept as %s", async (key) => {
    writeConfig({ auths: { [key]: { auth: encode("me:pw") } } });
    expect(await findRegistryAuth("reg.example:5000", env)).toEqual(password("reg.example:5000", "me", "pw"));
  });

  test.each([
    "reg.example",
    "reg.example:5001",
    "sub.reg.example:5000",
    "reg.example:5000.evil.example",
    "evil.example/reg.example:5000",
    "reg.example:5000/team",
    "reg.example:5000@evil.example",
    hub,
  ])("of %s are not given to another registry", async (key) => {
    writeConfig({ auths: { [key]: { auth: encode("me:pw") } } });
    expect(await findRegistryAuth("reg.example:5000", env)).toBeUndefined();
  });

  test("never leave their registry, whatever the two are called", async () => {
    const domain = fc.domain();
    await fc.assert(
      fc.asyncProperty(domain, domain, async (stored, wanted) => {
        fc.pre(stored.toLowerCase() !== wanted.toLowerCase());
        writeConfig({ auths: { [stored]: { auth: encode("me:pw") } } });
        expect(await findRegistryAuth(wanted, env)).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  test.each(["not base64 at all", encode("no colon"), encode(":no user")])(
    "that are malformed (%s) are an error",
    async (auth) => {
      writeConfig({ auths: { "ghcr.io": { auth } } });
      await expect(findRegistryAuth("ghcr.io", env)).rejects.toMatchObject({
        code: "failed_precondition",
        message: expect.not.stringContaining(auth) as string,
        hint: expect.stringContaining("docker login ghcr.io") as string,
      });
    },
  );

  test.each(["", "evil\nghcr.io", "a b", "../x", "ghcr.io/team"])(
    "are not looked for under the name %j",
    async (domain) => {
      await expect(findRegistryAuth(domain, env)).rejects.toMatchObject({
        code: "invalid_argument",
      });
    },
  );
});

describe("a credential helper", () => {
  test("is asked for the one registry that it is configured for", async () => {
    writeConfig({
      credHelpers: { "ghcr.io": "one" },
      credsStore: "all",
      auths: { "ghcr.io": { auth: encode("file:pw") } },
    });
    writeHelper("one", answer("me", "pw", "https://ghcr.io"));
    writeHelper("all", answer("wrong", "wrong"));
    expect(await findRegistryAuth("ghcr.io", env)).toEqual(password("ghcr.io", "me", "pw"));
    expect(readFileSync(join(directory, "called"), "utf8")).toBe("get ");
    expect(asked()).toBe("ghcr.io");
  });

  test("is asked for Docker Hub by its key", async () => {
    writeConfig({ credsStore: "all" });
    writeHelper("all", answer("me", "pw", hub));
    expect(await findRegistryAuth("docker.io", env)).toEqual(password(hub, "me", "pw"));
    expect(asked()).toBe(hub);
  });

  test("may answer with an identity token", async () => {
    writeConfig({ credsStore: "all" });
    writeHelper("all", answer("<token>", "tok"));
    expect(await findRegistryAuth("ghcr.io", env)).toEqual({
      registry: "ghcr.io",
      username: "",
      password: "",
      identityToken: "tok",
    });
  });

  test("that knows nothing leaves the word to config.json", async () => {
    writeConfig({ credsStore: "all", auths: { "ghcr.io": { auth: encode("file:pw") } } });
    writeHelper("all", "echo credentials not found in native keychain; exit 1");
    expect(await findRegistryAuth("ghcr.io", env)).toEqual(password("ghcr.io", "file", "pw"));
    expect(await findRegistryAuth("quay.io", env)).toBeUndefined();
  });

  test("that is not installed is an error with a hint", async () => {
    writeConfig({ credsStore: "absent" });
    await expect(findRegistryAuth("ghcr.io", env)).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("docker-credential-absent is not installed") as string,
      hint: expect.stringContaining("credsStore") as string,
    });
  });

  test.each(["../evil", "a/b", "x;y", "X", 7])("is not started under the name %j", async (name) => {
    writeConfig({ credHelpers: { "ghcr.io": name } });
    await expect(findRegistryAuth("ghcr.io", env)).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("malformed credential helper") as string,
    });
  });

  test.each([
    ["exits with an error", "echo hunter2; echo hunter2 >&2; exit 3", "failed (exit code 3)"],
    ["answers with something else", "echo hunter2", "did not answer with credentials"],
    ["answers without a secret", `echo '{"Username":"hunter2"}'`, "did not answer with credentials"],
    ["answers for another registry", answer("me", "hunter2", "https://evil.example"), "answered for another registry"],
    ["prints without end", "yes hunter2", "printed far more than credentials"],
  ])("that %s is an error without what it printed", async (_, script, words) => {
    writeConfig({ credsStore: "odd" });
    writeHelper("odd", script);
    const error: unknown = await findRegistryAuth("ghcr.io", env).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining(words) as string,
    });
    expect(inspect(error)).not.toContain("hunter2");
  });

  test("that does not read its input still answers", async () => {
    writeConfig({ credsStore: "deaf" });
    const file = join(directory, "bin/docker-credential-deaf");
    writeFileSync(file, `#!/bin/sh\nexec <&-\n${answer("me", "pw")}\n`);
    chmodSync(file, 0o755);
    expect(await findRegistryAuth("ghcr.io", env)).toEqual(password("ghcr.io", "me", "pw"));
  });

  test("that hangs is given up, even when a child of it keeps the output open", async () => {
    writeConfig({ credsStore: "slow" });
    writeHelper("slow", "sleep 5 & wait");
    await expect(findRegistryAuth("ghcr.io", env, { helperDeadlineMs: 200 })).rejects.toMatchObject({
      code: "deadline_exceeded",
      message: expect.stringContaining("200 ms") as string,
    });
  });

  test("is stopped with the call", async () => {
    writeConfig({ credsStore: "slow" });
    writeHelper("slow", "exec sleep 5");
    await expect(findRegistryAuth("ghcr.io", env, { signal: AbortSignal.timeout(100) })).rejects.toMatchObject({
      code: "cancelled",
    });
    await expect(findRegistryAuth("ghcr.io", env, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "cancelled",
    });
  });
});

describe("the header for the engine", () => {
  const decode = (header: string) => JSON.parse(Buffer.from(header, "base64url").toString()) as unknown;

  test("names the user and the registry", () => {
    expect(decode(toAuthHeader(password("ghcr.io", "me", "pw")))).toEqual({
      username: "me",
      password: "pw",
      serveraddress: "ghcr.io",
    });
  });

  test("carries an identity token instead of a password", () => {
    const auth = { registry: "ghcr.io", username: "", password: "", identityToken: "tok" };
    expect(decode(toAuthHeader(auth))).toEqual({
      username: "",
      identitytoken: "tok",
      serveraddress: "ghcr.io",
    });
  });

  test("is an empty object without credentials", () => {
    expect(toAuthHeader(undefined)).toBe("e30=");
  });

  test("is URL-safe and padded for any credentials", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (username, secret) => {
        const header = toAuthHeader(password("ghcr.io", username, secret));
        expect(header).toMatch(/^[A-Za-z0-9_-]+={0,2}$/);
        expect(header.length % 4).toBe(0);
        expect(decode(header)).toMatchObject({ username, password: secret });
      }),
    );
  });
});
