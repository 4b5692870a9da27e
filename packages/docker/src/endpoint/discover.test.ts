import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { CosError } from "@cos/core";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { discoverEndpoint } from "./discover.ts";
import type { Endpoint } from "./endpoint.ts";

let home: string;
let env: NodeJS.ProcessEnv;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "cos-find-"));
  env = { HOME: home, XDG_RUNTIME_DIR: join(home, "run") };
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function listen(path: string): Promise<Server> {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  const server = createServer((socket) => socket.end()).listen(join(home, path));
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return server;
}

/** Connects for real, but only to what the test made: this machine's own engines stay out of it. */
async function probe(endpoint: Endpoint): Promise<string> {
  if (endpoint.kind === "tcp") {
    const socket = connect(endpoint.port, endpoint.host);
    await once(socket, "connect");
    socket.destroy();
    return "answered";
  }
  if (endpoint.kind === "ssh" || !endpoint.path.startsWith(home))
    throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  const socket = connect(endpoint.path);
  await once(socket, "connect");
  socket.destroy();
  return "answered";
}

describe("finding the engine", () => {
  test("takes the first of the usual sockets that answers", async () => {
    await listen(".orbstack/run/docker.sock");
    await listen("run/podman/podman.sock");
    expect(await discoverEndpoint({ env, probe })).toEqual({
      candidate: {
        source: "OrbStack",
        endpoint: { kind: "unix", path: join(home, ".orbstack/run/docker.sock") },
        explicit: false,
      },
      probed: "answered",
    });
  });

  test("goes on when a socket is there but its engine does not answer", async () => {
    await listen(".orbstack/run/docker.sock");
    await listen("run/podman/podman.sock");
    const { candidate } = await discoverEndpoint({
      env,
      probe: async (endpoint) => {
        if (endpoint.kind === "unix" && endpoint.path.includes("podman")) return await probe(endpoint);
        throw new CosError("deadline_exceeded", "The engine did not answer in time.");
      },
    });
    expect(candidate.source).toBe("rootless Podman");
  });

  test("does not connect to what lies behind the one that answers", async () => {
    await listen(".colima/default/docker.sock");
    await listen("run/podman/podman.sock");
    const asked = vi.fn(probe);
    await discoverEndpoint({ env, probe: asked });
    expect(asked).not.toHaveBeenCalledWith({
      kind: "unix",
      path: join(home, "run/podman/podman.sock"),
    });
  });

  test("lists every way that was tried, and why it failed, when nothing answers", async () => {
    const error: unknown = await discoverEndpoint({ env, probe }).catch((thrown: unknown) => thrown);
    if (!CosError.is(error)) throw error;
    expect(error.code).toBe("unavailable");
    const lines = error.message.split("\n").slice(1);
    expect(lines).toHaveLength(9);
    expect(lines).toContain(`  Colima (unix://${home}/.colima/default/docker.sock): no such socket`);
    expect(error.details?.["tried"]).toHaveLength(9);
    expect(error.details?.["tried"]).toContainEqual({
      source: "Colima",
      address: `unix://${home}/.colima/default/docker.sock`,
      problem: "no such socket",
    });
    expect(error.hint).toContain("DOCKER_HOST");
  });

  test("says how to get at a socket that the user may not use", async () => {
    const refused = Object.assign(new Error("connect EACCES"), { code: "EACCES" });
    const denied = new CosError("unavailable", "The connection to the engine failed.", {
      cause: refused,
    });
    await expect(
      discoverEndpoint({
        env: { ...env, DOCKER_HOST: "unix:///x.sock" },
        probe: () => Promise.reject(denied),
      }),
    ).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("permission denied") as string,
      hint: expect.stringContaining("usermod -aG docker") as string,
    });
  });

  test("stops at once when it is cancelled", async () => {
    await listen(".colima/default/docker.sock");
    await listen("run/podman/podman.sock");
    const asked = vi.fn(() => Promise.reject(new DOMException("stopped", "AbortError")));
    await expect(discoverEndpoint({ env, probe: asked })).rejects.toMatchObject({
      code: "cancelled",
    });
    expect(asked).toHaveBeenCalledTimes(1);
  });

  test("does not take a mistake in the probe for an engine that is away", async () => {
    const probeWithMistake = () => Promise.reject(new TypeError("x is not a function"));
    await expect(
      discoverEndpoint({ env: { ...env, DOCKER_HOST: "unix:///x.sock" }, probe: probeWithMistake }),
    ).rejects.toMatchObject({ code: "internal" });
  });
});

describe("an engine that was chosen explicitly", () => {
  test("may listen on TCP", async () => {
    const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const found = await discoverEndpoint({
      env: { ...env, DOCKER_HOST: `tcp://127.0.0.1:${port}` },
      probe,
    });
    expect(found).toMatchObject({
      candidate: { source: "DOCKER_HOST", endpoint: { kind: "tcp", port } },
    });
  });

  test("is never replaced by a usual socket that would answer", async () => {
    await listen(".colima/default/docker.sock");
    const gone = join(home, "gone.sock");
    await expect(discoverEndpoint({ env: { ...env, DOCKER_HOST: `unix://${gone}` }, probe })).rejects.toMatchObject({
      code: "unavailable",
      message: `No container engine answers. Tried:\n  DOCKER_HOST (unix://${gone}): no such socket`,
      hint: expect.stringContaining("DOCKER_HOST") as string,
    });
  });

  test("that answers with a refusal has that refusal reported", async () => {
    const tooOld = new CosError("unsupported", "The engine is too old.");
    await expect(
      discoverEndpoint({
        env: { ...env, DOCKER_HOST: "tcp://engine" },
        probe: () => Promise.reject(tooOld),
      }),
    ).rejects.toBe(tooOld);
  });
});
