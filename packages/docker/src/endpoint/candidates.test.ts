import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type Candidate, type DeadEnd, listCandidates } from "./candidates.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "cos-home-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function write(path: string, content: string): void {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  writeFileSync(join(home, path), content);
}

async function listen(path: string): Promise<void> {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  const server = createServer().listen(join(home, path));
  onTestFinished(() => void server.close());
  await once(server, "listening");
}

async function list(env: NodeJS.ProcessEnv, uid = 1000): Promise<(Candidate | DeadEnd)[]> {
  const listed: (Candidate | DeadEnd)[] = [];
  for await (const entry of listCandidates(env, home, uid)) listed.push(entry);
  return listed;
}

describe("DOCKER_HOST", () => {
  test("is the only candidate, also when a context is in use", async () => {
    expect(await list({ DOCKER_HOST: "unix:///x.sock", DOCKER_CONTEXT: "prod" })).toEqual([
      { source: "DOCKER_HOST", endpoint: { kind: "unix", path: "/x.sock" }, explicit: true },
    ]);
  });

  test("is asked without reading Docker's configuration", async () => {
    write(".docker/config.json", "not json");
    expect(await list({ DOCKER_HOST: "tcp://127.0.0.1:2375" })).toHaveLength(1);
  });

  test("counts as unset when it is empty", async () => {
    expect((await list({ DOCKER_HOST: "" })).length).toBeGreaterThan(1);
  });

  test("that is malformed is an error naming it, never a reason to look elsewhere", async () => {
    await expect(list({ DOCKER_HOST: "nonsense" })).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(/^DOCKER_HOST: /) as string,
      hint: expect.any(String) as string,
    });
  });

  test("speaks TLS with the files of DOCKER_CERT_PATH", async () => {
    for (const part of ["ca", "cert", "key"]) write(`certs/${part}.pem`, `the ${part}`);
    const env = {
      DOCKER_HOST: "tcp://engine",
      DOCKER_TLS_VERIFY: "1",
      DOCKER_CERT_PATH: join(home, "certs"),
    };
    const tls = {
      ca: Buffer.from("the ca"),
      cert: Buffer.from("the cert"),
      key: Buffer.from("the key"),
      rejectUnauthorized: true,
    };
    expect(await list(env)).toMatchObject([{ endpoint: { kind: "tcp", host: "engine", port: 2376, tls } }]);
  });

  test.each([{ DOCKER_TLS_VERIFY: "1" }, { DOCKER_TLS: "1" }])(
    "with %o verifies by the files beside Docker's configuration, or else by the system's authorities",
    async (env) => {
      const verified = { endpoint: { kind: "tcp", port: 2376, tls: { rejectUnauthorized: true } } };
      expect(await list({ DOCKER_HOST: "tcp://engine", ...env })).toMatchObject([verified]);
      write(".docker/ca.pem", "the ca");
      expect(await list({ DOCKER_HOST: "tcp://engine", ...env })).toMatchObject([
        { endpoint: { tls: { ca: Buffer.from("the ca"), rejectUnauthorized: true } } },
      ]);
    },
  );

  test("with a DOCKER_CERT_PATH that has no files is an error, not a connection without TLS", async () => {
    await expect(list({ DOCKER_HOST: "tcp://engine", DOCKER_CERT_PATH: join(home, "none") })).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("DOCKER_CERT_PATH") as string,
    });
  });

  test("that is a unix socket ignores TLS settings", async () => {
    const env = {
      DOCKER_HOST: "unix:///x.sock",
      DOCKER_TLS_VERIFY: "1",
      DOCKER_CERT_PATH: join(home, "none"),
    };
    expect(await list(env)).toMatchObject([{ endpoint: { kind: "unix", path: "/x.sock" } }]);
  });
});

describe("a Docker context", () => {
  test("that is in use is the only candidate, so a broken one is an error", async () => {
    write(".docker/config.json", '{"currentContext": "prod"}');
    await expect(list({})).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining('"prod"') as string,
    });
  });

  test("is looked up below DOCKER_CONFIG", async () => {
    // The directory is the SHA-256 of "t".
    const id = "e3b98a4da31a127d4bde6e43033f66ba274cab0eb7eb1c70ec41402bf6273dd8";
    write(`elsewhere/contexts/meta/${id}/meta.json`, '{"Name":"t","Endpoints":{"docker":{"Host":"unix:///t.sock"}}}');
    expect(await list({ DOCKER_CONTEXT: "t", DOCKER_CONFIG: join(home, "elsewhere") })).toEqual([
      { source: 'Docker context "t"', endpoint: { kind: "unix", path: "/t.sock" }, explicit: true },
    ]);
  });
});

describe("the usual sockets", () => {
  test("come in this order", async () => {
    const paths = (await list({ XDG_RUNTIME_DIR: join(home, "run") })).map(({ endpoint }) =>
      endpoint.kind === "unix" ? endpoint.path : "",
    );
    expect(paths).toEqual([
      "/var/run/docker.sock",
      join(home, "run/docker.sock"),
      join(home, ".docker/run/docker.sock"),
      join(home, ".docker/desktop/docker.sock"),
      join(home, ".colima/default/docker.sock"),
      join(home, ".orbstack/run/docker.sock"),
      join(home, ".rd/docker.sock"),
      "/run/podman/podman.sock",
      join(home, "run/podman/podman.sock"),
    ]);
  });

  test("of the user lie below /run/user without XDG_RUNTIME_DIR", async () => {
    const listed = await list({}, 4_000_000);
    expect(listed).toContainEqual(
      expect.objectContaining({
        endpoint: { kind: "unix", path: "/run/user/4000000/docker.sock" },
        problem: "no such socket",
      }),
    );
  });

  test("that exist are candidates; anything else is a dead end that says why", async () => {
    await listen(".colima/default/docker.sock");
    write(".rd/docker.sock", "a plain file");
    const listed = new Map((await list({})).map((entry) => [entry.source, entry]));
    expect(listed.get("Colima")).toMatchObject({ explicit: false });
    expect(listed.get("Rancher Desktop")).toMatchObject({ problem: "not a socket" });
    expect(listed.get("OrbStack")).toMatchObject({ problem: "no such socket" });
  });
});
