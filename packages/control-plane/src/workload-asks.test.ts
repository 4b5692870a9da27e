import { mkdtempSync, mkdirSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineWorkload, type Engine, type Network } from "@cos/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agent } from "./testing/bench.ts";
import { previewRun, toAsks } from "./workload-asks.ts";
import { toWorkload, workloadFields } from "./workload-fields.ts";

/** An engine that knows one managed network and one image, and nothing else. */
function engineWith(network?: Partial<Network>): Engine {
  return {
    networks: { get: async () => network },
    images: { ensure: async () => ({ id: `sha256:${"a".repeat(64)}`, tags: [] }) },
  } as unknown as Engine;
}
const contextWith = (engine: Engine) => ({
  engine,
  caller: agent,
  progress: () => {},
  output: undefined,
  secrets: () => "",
  signal: new AbortController().signal,
});
const parse = (input: object) =>
  defineWorkload(toWorkload(workloadFields().parse({ image: "busybox", ...input }), agent));
const asks = (input: object, engine = engineWith()) => toAsks(contextWith(engine), parse(input));
const ownedBy = (owner: string, internal: boolean) =>
  engineWith({ internal, ownership: { status: "managed", labels: { owner } } as Network["ownership"] });

let directory: string;
beforeAll(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "cos-asks-")));
  mkdirSync(join(directory, "real"));
  symlinkSync(join(directory, "real"), join(directory, "link"));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe("what a workload asks for beyond the sandbox", () => {
  test("is nothing by default, and is said", async () => {
    expect(await asks({})).toEqual({
      network: "none",
      egress: false,
      hostPaths: [],
      ports: [],
      volumes: [],
      profile: "sandbox",
      image: "docker.io/library/busybox:latest",
      registry: "docker.io",
      builds: false,
      secrets: false,
      pids: 512,
    });
  });

  test("names ports, volumes, the profile and limits", async () => {
    const mounts = [
      { type: "volume", name: "data", target: "/data" },
      { type: "tmpfs", target: "/t" },
    ];
    const limits = { cpus: 1.5, memory: "512m", pids: 64 };
    expect(await asks({ publish: ["8080:80"], mounts, profile: "service", ...limits })).toMatchObject({
      network: "bridge",
      egress: true,
      ports: ["8080:80"],
      volumes: ["data"],
      profile: "service",
      cpus: 1.5,
      memoryBytes: 512 * 1024 ** 2,
      pids: 64,
    });
  });

  test("names host paths as they really are, whatever they are called", async () => {
    const mounts = [{ type: "bind", source: join(directory, "link"), target: "/in" }];
    expect((await asks({ mounts })).hostPaths).toEqual([join(directory, "real")]);
    const missing = join(directory, "none", "..", "gone");
    expect((await asks({ mounts: [{ type: "bind", source: missing, target: "/in" }] })).hostPaths).toEqual([
      join(directory, "gone"),
    ]);
  });

  test("counts a build as such, with its context as a host path", async () => {
    const build = { image: undefined, buildContext: directory };
    expect(await asks(build)).toMatchObject({ builds: true, hostPaths: [directory] });
    expect(await asks({ image: undefined, base: "ghcr.io/team/base:1", provision: ["true"] })).toMatchObject({
      builds: true,
      registry: "ghcr.io",
    });
    expect(await asks({ image: undefined, inlineDockerfile: "FROM busybox" })).toMatchObject({ builds: true });
  });

  test("tells other registries, and images that are here already", async () => {
    expect(await asks({ image: "registry.example:5000/a/b:1" })).toMatchObject({ registry: "registry.example:5000" });
    expect(await asks({ image: `sha256:${"b".repeat(64)}` })).toMatchObject({ registry: "local" });
  });

  test("counts a reference to a secret as asking for one, and nothing else", async () => {
    expect(await asks({ env: { TOKEN: "secret://TOKEN" } })).toMatchObject({ secrets: true });
    expect(await asks({ env: { TOKEN: "see secret://TOKEN" } })).toMatchObject({ secrets: false });
  });

  test("tells an internal network of the caller's own from one that leads out", async () => {
    expect(await asks({ network: "back" }, ownedBy("agent", true))).toMatchObject({ network: "back", egress: false });
    expect(await asks({ network: "back" }, ownedBy("agent", false))).toMatchObject({ egress: true });
  });

  test("cannot include a network of somebody else's", async () => {
    await expect(asks({ network: "back" }, ownedBy("somebody", true))).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("the preview of a job", () => {
  const preview = (input: object) => previewRun(contextWith(engineWith()), parse(input));

  test("says when it stays in the sandbox", async () => {
    expect(await preview({})).toEqual({
      text: "Run a job from docker.io/library/busybox:latest (aaaaaaaaaaaa). It stays in the sandbox.",
      changes: {
        action: "run",
        image: "docker.io/library/busybox:latest",
        imageId: `sha256:${"a".repeat(64)}`,
        leavesSandbox: [],
        mounts: [],
      },
    });
  });

  test("says every way in which it leaves the sandbox", async () => {
    const mounts = [{ type: "bind", source: directory, target: "/in", readOnly: false }];
    const { text } = await preview({ image: "ghcr.io/a/b:1", publish: ["8080:80"], mounts });
    expect(text).toMatch(/^Run a job from ghcr\.io\/a\/b:1 \(a{12}\)\. It leaves the sandbox: /);
    for (const way of [
      "it reaches other machines through the network bridge",
      "it publishes the port 8080:80",
      `it uses ${JSON.stringify(directory)} of this machine`,
      "it can write to what it mounts from this machine",
      "its image comes from ghcr.io",
    ]) {
      expect(text).toContain(way);
    }
    expect((await preview({ image: undefined, inlineDockerfile: "FROM busybox" })).text).toContain(
      "it builds an image",
    );
  });

  test("names the secrets that it uses", async () => {
    const env = { A: "secret://db-password", B: "secret://TOKEN", C: "secret://TOKEN", D: "text" };
    const { text, changes } = await preview({ env });
    expect(text).toContain("it uses the secret TOKEN; it uses the secret db-password");
    expect(changes).toMatchObject({ secrets: ["TOKEN", "db-password"] });
  });

  test("does not repeat the command, which the caller wrote", async () => {
    expect(JSON.stringify(await preview({ command: "echo trust me" }))).not.toContain("trust");
  });
});
