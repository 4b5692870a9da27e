import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { askEngine, listByLabel, removeByLabel, standingOf, startUnmanaged } from "./testing/engine.ts";

/** Decides where each process is killed. Given, a run can be repeated. */
const seed = Number(process.env["COS_TEST_SEED"] ?? randomBytes(4).readUInt32LE());
const mark = `chaos-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
const ttlSeconds = 10;
/** How many workloads each process has: 51 in all. */
const workloads = 17;
let installation: Installation;
let other: Installation;

beforeAll(() => {
  installation = makeInstallation();
  other = makeInstallation();
});
afterAll(async () => {
  await removeByLabel(label);
  installation.remove();
  other.remove();
});

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs a process of cos until it has said this many lines, and kills it there. Resolves with what it said. */
async function killAfter(lines: number): Promise<string[]> {
  const script = fileURLToPath(new URL("./testing/chaos-process.ts", import.meta.url));
  const args = ["--conditions=@cos/source", script, mark, String(ttlSeconds), String(workloads)];
  const child = spawn(process.execPath, args, { env: installation.env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const said: string[] = [];
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      said.push(line);
      if (said.length >= lines) break;
    }
    return said;
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

/** What there is, with what its labels say of whose it is and how long. */
async function listLeft() {
  return (await listByLabel(label)).map(({ Id, State, Labels }) => ({
    id: Id,
    state: State,
    owner: Labels["cos.owner"],
    ttl: Labels["cos.ttl"],
  }));
}

test(`what cos leaves when it is killed at any point is gone after its time and one reaping (seed ${seed})`, async () => {
  const random = randomFrom(seed);
  const detached = ["run", "--detach", "--quiet", "--pull", "never", "--label", label];
  const neighbours = await Promise.all([
    startUnmanaged(`cos-${mark}-human`, { "user.test": mark }),
    installation.cos([...detached, "--ttl", "600", "busybox", "--cmd", "sleep 600"]),
    other.cos([...detached, "--ttl", "1", "busybox", "--cmd", "sleep 600"]),
  ]).then(([human, ...others]) => [human, ...others.map(({ stdout }) => stdout.trim())]);
  const before = await Promise.all(neighbours.map(standingOf));

  // All have been asked for, then; one process also gets far enough for every state.
  const lines = [2 * workloads + 2, ...[1, 2].map(() => workloads + Math.floor(random() * workloads))];
  const said = await Promise.all(lines.map(killAfter));
  expect(said.flat().filter((line) => line.includes("failed"))).toEqual([]);
  const killedAt = Date.now();
  const ours = (await listLeft()).filter(({ owner }) => owner === "chaos");
  const running = ours.filter(({ state, ttl }) => state === "running" && ttl !== "");
  for (const { id } of running.filter((_, at) => at === 0 || random() < 0.3))
    await askEngine("POST", `/containers/${id}/pause`);
  const left = (await listLeft()).filter(({ owner }) => owner === "chaos");
  expect(new Set(left.map(({ state }) => state))).toEqual(new Set(["created", "running", "exited", "paused"]));

  await new Promise((resolve) => setTimeout(resolve, killedAt + (ttlSeconds + 1) * 1000 - Date.now()));
  const services = (await listLeft()).filter(({ owner, ttl }) => owner === "chaos" && ttl === "");
  expect(services.map(({ state }) => state)).toContain("running");
  const servicesBefore = await Promise.all(services.map(({ id }) => standingOf(id)));
  const reaped = await installation.cos(["reap"]);
  expect(reaped).toMatchObject({ code: 0, stderr: "" });
  expect(reaped.stdout).not.toContain("failed");
  const stays = [...neighbours, ...services.map(({ id }) => id)];
  expect((await listLeft()).map(({ id }) => id).toSorted()).toEqual(stays.toSorted());
  expect(await Promise.all(stays.map(standingOf))).toEqual([...before, ...servicesBefore]);
}, 120_000);
