import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { createSigner, defineWorkload, type Engine } from "@cos/core";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { connectDocker } from "../connect.ts";
import { OwnSshd } from "../testing/own-sshd.ts";
import { enginePath } from "../testing/raw-engine.ts";

let sshd: OwnSshd;
let temporary: string;
const engines: Engine[] = [];

beforeAll(async () => {
  sshd = await OwnSshd.start();
  temporary = mkdtempSync(join(tmpdir(), "cos-tunnels-"));
  vi.stubEnv("TMPDIR", temporary);
});
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
  sshd.configure("");
});
afterAll(async () => {
  vi.unstubAllEnvs();
  rmSync(temporary, { recursive: true, force: true });
  await sshd[Symbol.asyncDispose]();
});

async function connect(host: string): Promise<Engine> {
  const engine = await connectDocker({ host, env: sshd.env, signer: createSigner(randomBytes(32)) });
  engines.push(engine);
  return engine;
}

const direct = () => `ssh://root@127.0.0.1:${sshd.port}${enginePath()}`;
const alias = (name: string, more = "") =>
  `Host ${name}\n  HostName 127.0.0.1\n  Port ${sshd.port}\n  User root\n${more}`;
const job = (command: string) => ({
  owner: "tester",
  spec: defineWorkload({ env: { image: "busybox:latest" }, command, pull: "never", timeoutSeconds: 60 }),
});
/** The local ends of tunnels of this process, whose temporary files lie apart from others'. */
const tunnels = () => readdirSync(temporary).filter((name) => name.startsWith("cos-ssh-"));

describe("an engine behind ssh", () => {
  test("runs jobs like one that is here, with input and output", async () => {
    const engine = await connect(direct());
    const { spec } = job("cat; echo err >&2; exit 7");
    const result = await engine.jobs.run({ owner: "tester", spec: { ...spec, stdin: "through ssh" } });
    expect(result).toMatchObject({ exitCode: 7, stdout: "through ssh", stderr: "err\n", outputLost: false });
  });

  test("is another machine: paths of this one mean nothing to it", async () => {
    const engine = await connect(direct());
    expect(engine.capabilities.localFiles).toBe(false);
  });

  test("builds images there, through the library that the driver uses for it", async () => {
    const engine = await connect(direct());
    const image = await engine.images.ensure(
      { build: { inline: "FROM busybox:latest\nRUN echo made > /made\n" } },
      { owner: "tester", pull: "never" },
    );
    expect(image.id).toMatch(/^sha256:/);
    await engine.images.remove(image.id);
  });

  test("is found by an alias of the user's own configuration, and through a jump host", async () => {
    sshd.configure(`${alias("jump")}\n${alias("far", "  ProxyJump jump\n")}`);
    for (const name of ["jump", "far"]) {
      const engine = await connect(`ssh://${name}${enginePath()}`);
      expect(await engine.ping()).toMatchObject({ version: expect.stringMatching(/^\d+\./) });
    }
  });

  test("many calls share one connection", async () => {
    const engine = await connect(direct());
    const results = await Promise.all(Array.from({ length: 8 }, (_, index) => engine.jobs.run(job(`exit ${index}`))));
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(tunnels()).toHaveLength(1);
  });

  test("has removed the containers of jobs when it is closed, also by one who would not wait for that elsewhere", async () => {
    const engine = await connect(direct());
    const names = Array.from({ length: 6 }, (_, index) => `tunnel-${randomBytes(4).toString("hex")}-${index}`);
    const requests = names.map((name) => ({ ...job("true"), spec: { ...job("true").spec, name } }));
    await Promise.all(requests.map((request) => engine.jobs.run(request)));
    await engine.close({ handOver: true });
    await using here = await connectDocker({ signer: createSigner(randomBytes(32)) });
    const left = (await here.containers.list()).map((container) => container.name);
    expect(left.filter((name) => names.some((own) => name.includes(own)))).toEqual([]);
  });

  test("leaves nothing here once it is closed", async () => {
    const engine = await connect(direct());
    expect(tunnels()).toHaveLength(1);
    await engine.close();
    await vi.waitFor(() => expect(tunnels()).toEqual([]));
  });
});

describe("when the connection breaks", () => {
  test("the next call opens it again", async () => {
    const engine = await connect(direct());
    await sshd.crash();
    await expect(engine.ping()).rejects.toMatchObject({ code: "unavailable" });
    await sshd.boot();
    await vi.waitFor(async () => expect(await engine.ping()).toMatchObject({ version: expect.any(String) }), 10_000);
  });

  test("the result of a job that ran meanwhile still comes", async () => {
    const engine = await connect(direct());
    let ready = () => {};
    const begun = new Promise<void>((resolve) => (ready = resolve));
    const result = engine.jobs.run(job("echo ready; sleep 3; exit 5"), { output: ready });
    await Promise.race([begun, result]);
    await sshd.crash();
    await sshd.boot();
    expect(await result).toMatchObject({ exitCode: 5, stdout: "ready\n", outputLost: true });
  });
});

describe("what cannot be reached or must not be trusted is said", () => {
  test("a host whose key the user does not know is refused, and its key is not noted", async () => {
    const known = join(sshd.home, ".ssh", "known_hosts");
    const before = readFileSync(known, "utf8");
    writeFileSync(known, "");
    // Also for a user whose ssh accepts any.
    sshd.configure("Host *\n  StrictHostKeyChecking no\n");
    try {
      await expect(connect(direct())).rejects.toMatchObject({
        code: "unavailable",
        message: expect.stringMatching(/host key/i),
        hint: expect.stringContaining("accepts no host key by itself"),
      });
      expect(readFileSync(known, "utf8")).toBe("");
    } finally {
      writeFileSync(known, before);
    }
  });

  test("a key that the host does not take", async () => {
    sshd.configure("Host *\n  IdentityFile /dev/null\n");
    const env = { ...sshd.env };
    const id = join(sshd.home, ".ssh", "id");
    const key = readFileSync(id);
    writeFileSync(id, "");
    try {
      await expect(connectDocker({ host: direct(), env })).rejects.toMatchObject({
        code: "unavailable",
        hint: expect.stringContaining("ssh-add"),
      });
    } finally {
      writeFileSync(id, key);
    }
  });

  test("a host without an engine there", async () => {
    await expect(connect(`ssh://root@127.0.0.1:${sshd.port}/no/such.sock`)).rejects.toMatchObject({
      code: "unavailable",
    });
  });

  test("a host that is not there, at once", async () => {
    await expect(connect("ssh://root@127.0.0.1:1")).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/refused/i),
    });
    await vi.waitFor(() => expect(tunnels()).toEqual([]));
  });

  test("a machine without ssh", async () => {
    await expect(connectDocker({ host: direct(), env: { ...sshd.env, PATH: "/nonexistent" } })).rejects.toMatchObject({
      code: "unavailable",
      hint: expect.stringContaining("OpenSSH"),
    });
    expect(existsSync("/nonexistent")).toBe(false);
  });
});
