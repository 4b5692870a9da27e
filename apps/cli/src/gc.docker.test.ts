import { randomBytes } from "node:crypto";
import { openControlPlane } from "@cos/control-plane";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { askEngine, removeByLabel } from "./testing/engine.ts";

const mark = `cli-gc-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
const images = new Set<string>();
const networks = new Set<string>();
let installation: Installation;
let other: Installation;

beforeAll(() => {
  installation = makeInstallation();
  other = makeInstallation();
});
afterAll(async () => {
  await removeByLabel(label);
  for (const id of networks) await askEngine("DELETE", `/networks/${id}`);
  // What was built on another one first.
  for (const id of [...images].toReversed()) await askEngine("DELETE", `/images/${id}?force=1`);
  installation.remove();
  other.remove();
});

const stateOf = async (id: string) =>
  ((await askEngine("GET", `/containers/${id}/json`)).body as { State?: { Status: string } }).State?.Status;

/** A job that cos leaves to itself. Resolves with its id. */
async function leave(name: string, command: string, more: readonly string[] = [], by = installation): Promise<string> {
  const args = ["run", "--detach", "--quiet", "--pull", "never", "--label", label, "--name", `${mark}-${name}`];
  const { stdout, stderr } = await by.cos([...args, ...more, "busybox", "--cmd", command]);
  if (stdout === "") throw new Error(stderr);
  return stdout.trim();
}

/** The same, once it has ended. */
async function leaveEnded(name: string, more: readonly string[] = [], by = installation): Promise<string> {
  const id = await leave(name, "true", more, by);
  await vi.waitFor(async () => expect(await stateOf(id)).toBe("exited"), { timeout: 15_000 });
  return id;
}

/** A container made past cos, as its labels say or not. */
async function make(name: string, labels: Readonly<Record<string, string>>, more: object = {}): Promise<string> {
  const { body } = await askEngine("POST", `/containers/create?name=${name}`, {
    Image: "busybox:latest",
    Cmd: ["true"],
    ...more,
    Labels: { ...labels, "user.test": mark },
  });
  return (body as { Id: string }).Id;
}

async function labelsOf(path: string): Promise<Record<string, string>> {
  const { body } = await askEngine("GET", path);
  const { Labels, Config } = body as { Labels?: Record<string, string>; Config?: { Labels: Record<string, string> } };
  return Labels ?? Config?.Labels ?? {};
}

async function makeNetwork(name: string, labels?: Readonly<Record<string, string>>): Promise<string> {
  const { body } = await askEngine("POST", "/networks/create", { Name: name, Internal: true, Labels: labels ?? {} });
  const { Id } = body as { Id: string };
  networks.add(Id);
  return Id;
}

async function createNetwork(name: string): Promise<string> {
  const { stdout, stderr } = await installation.cos(["network", "create", `${mark}-${name}`, "--json"]);
  if (stdout === "") throw new Error(stderr);
  const { id } = JSON.parse(stdout) as { id: string };
  networks.add(id);
  return id;
}

/** An image of base and provision, that no container is left of. */
async function cacheImage(step: string): Promise<string> {
  const args = ["run", "--json", "--pull", "never", "--base", "busybox", "--label", label, "--provision"];
  const { stdout, stderr } = await installation.cos([...args, `echo ${mark} ${step} > /${step}`, "--cmd", "true"]);
  if (stdout === "") throw new Error(stderr);
  const { imageId } = JSON.parse(stdout) as { imageId: string };
  images.add(imageId);
  return imageId;
}

interface GcResult {
  readonly dryRun: boolean;
  readonly removed: readonly { readonly kind: string; readonly id: string; readonly sizeBytes: number }[];
  readonly skipped: readonly object[];
  readonly freedBytes: number;
}

async function gc(...args: string[]): Promise<GcResult> {
  const { stdout, stderr } = await installation.cos(["gc", "--grace", "0", "--json", ...args]);
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as GcResult;
}

describe("cos gc", () => {
  test("removes what nobody uses, and leaves alone what only looks like it", async () => {
    const ended = await leaveEnded("ended");
    const [empty, unused] = [await createNetwork("empty"), await cacheImage("unused")];
    const endedLabels = await labelsOf(`/containers/${ended}/json`);

    const running = await leave("running", "sleep 600");
    const paused = await leave("paused", "sleep 600");
    await askEngine("POST", `/containers/${paused}/pause`);
    const foreign = await leaveEnded("foreign", [], other);
    const [busy, waiting] = [await createNetwork("busy"), await createNetwork("waiting")];
    await leave("on-busy", "sleep 600", ["--network", `${mark}-busy`]);
    const [used, base] = [await cacheImage("used"), await cacheImage("base")];
    const stays: Readonly<Record<string, string>> = {
      running,
      paused,
      foreign,
      unsigned: await make(`cos-${mark}-unsigned`, { "cos.managed": "true", "cos.owner": "user" }),
      human: await make(`cos-${mark}-human`, {}),
      copied: await make(`cos-${mark}-copied`, endedLabels),
      tampered: await make(`cos-${mark}-tampered`, { ...endedLabels, "cos.name": `${mark}-tampered` }),
      movedHere: await make(`cos-${mark}-moved`, await labelsOf(`/networks/${empty}`)),
      onWaiting: await make(`${mark}-waits`, {}, { HostConfig: { NetworkMode: waiting.slice(0, 12) } }),
      fromUsed: await make(`${mark}-uses`, {}, { Image: used }),
    };
    const committed = await askEngine("POST", `/commit?container=${await make(`${mark}-from`, {}, { Image: base })}`);
    const derived = (committed.body as { Id: string }).Id;
    images.add(derived);
    await askEngine("DELETE", `/containers/${mark}-from`);
    const likeNetwork = await makeNetwork(`cos-${mark}-like`, await labelsOf(`/networks/${empty}`));
    const unsignedNetwork = await makeNetwork(`cos-${mark}-plain`, { "cos.managed": "true" });
    const anotherKind = await makeNetwork(`cos-${mark}-ended`, endedLabels);

    const dry = await gc("--dry-run");
    expect(dry).toMatchObject({ dryRun: true, skipped: [] });
    expect(dry.removed.map(({ kind, id }) => `${kind} ${id}`).toSorted()).toEqual(
      [`container ${ended}`, `image ${unused}`, `network ${empty}`].toSorted(),
    );
    expect(dry.removed.find(({ kind }) => kind === "image")?.sizeBytes).toBeGreaterThan(0);
    expect(dry.removed.find(({ kind }) => kind === "image")?.sizeBytes).toBeLessThan(100_000);
    expect(await stateOf(ended)).toBe("exited");

    const refused = await installation.cos(["gc", "--grace", "0"]);
    expect(refused).toMatchObject({ code: 125, stdout: "", stderr: expect.stringContaining("Answer with --yes") });
    expect(refused.stderr).toContain(`container  ${ended.slice(0, 12)}  cos-${mark}-ended  user`);
    expect(await stateOf(ended)).toBe("exited");

    const done = await installation.cos(["gc", "--grace", "0", "--yes"]);
    expect(done.code).toBe(0);
    expect(done.stdout).toMatch(/^KIND +ID +NAME +OWNER +BYTES +RESULT\n/);
    expect(done.stdout).toMatch(new RegExp(`^network +${empty.slice(0, 12)} +cos-${mark}-empty +user +removed$`, "m"));
    expect(done.stdout).toMatch(/^Freed [0-9.]+ (?:B|KiB)\.$/m);
    expect(await stateOf(ended)).toBeUndefined();
    expect((await askEngine("GET", `/networks/${empty}`)).status).toBe(404);
    expect((await askEngine("GET", `/images/${unused}/json`)).status).toBe(404);

    for (const [what, id] of Object.entries(stays)) expect(await stateOf(id), what).toBeDefined();
    expect(await stateOf(paused)).toBe("paused");
    for (const id of [busy, waiting, likeNetwork, unsignedNetwork, anotherKind])
      expect(await askEngine("GET", `/networks/${id}`)).toMatchObject({ status: 200 });
    for (const id of [used, base, derived])
      expect(await askEngine("GET", `/images/${id}/json`)).toMatchObject({ status: 200 });
    expect(await gc("--yes")).toEqual({ dryRun: false, removed: [], skipped: [], freedBytes: 0 });
    // There is nothing to say yes to.
    expect(await installation.cos(["gc", "--grace", "0"])).toMatchObject({ code: 0, stdout: "Nothing to remove.\n" });
  }, 120_000);

  test("leaves for an hour what has just ended", async () => {
    const ended = await leaveEnded("recent");
    expect((await installation.cos(["gc", "--yes"])).stdout).toBe("Nothing to remove.\n");
    expect(await stateOf(ended)).toBe("exited");
    await askEngine("DELETE", `/containers/${ended}`);
  });

  test("never removes what is started at the same moment", async () => {
    installation.writePolicy("rules: [{ name: gc, operation: gc, decision: allow, reason: It is a test. }]\n");
    const caller = { kind: "script", name: "user", hostRoots: [] } as const;
    await using controlPlane = openControlPlane({ writer: "test", env: installation.env });
    await controlPlane.perform({ operation: "ping", input: {}, caller });
    const outcomes: string[] = [];
    const rounds = 16;
    for (let round = 0; round < rounds; round++) {
      // Ends at once the first time, and not the second.
      const id = await controlPlane
        .perform({
          operation: "container_run",
          caller,
          input: {
            image: "busybox",
            command: "test -e /ran || { touch /ran; exit 0; }; sleep 600",
            pull: "never",
            detach: true,
            labels: { "user.test": mark },
          },
        })
        .then((outcome) => (outcome as { result: { containerId: string } }).result.containerId);
      await vi.waitFor(async () => expect(await stateOf(id)).toBe("exited"), { timeout: 15_000, interval: 20 });
      const start = () => askEngine("POST", `/containers/${id}/start`);
      const early = round === 0 ? await start() : undefined;
      const collecting = controlPlane.perform({ operation: "gc", input: { graceSeconds: 0 }, caller });
      await (round === rounds - 1 ? collecting : new Promise((resolve) => setTimeout(resolve, 2 * round)));
      const [started, outcome] = [early ?? (await start()), await collecting];
      const { removed } = (outcome as { result: GcResult }).result;
      const state = await stateOf(id);
      const expected = started.status === 204 ? ["running", false] : [undefined, true];
      expect([state, removed.some((leftover) => leftover.id === id)], `round ${round}`).toEqual(expected);
      outcomes.push(state ?? "gone");
      await askEngine("DELETE", `/containers/${id}?force=1`);
    }
    // The first was started before, the last after, and those between while it was collecting.
    expect([outcomes[0], outcomes.at(-1)]).toEqual(["running", "gone"]);
  }, 120_000);
});

test("an image that was built by name stays, and goes with --images unless a container was made from it", async () => {
  const tag = `${mark}-named:1`;
  const dockerfile = `FROM busybox\nRUN echo ${mark} > /mark`;
  const named = ["image", "build", "--tag", tag, "--label", label];
  const built = await installation.cos([...named, "--inline-dockerfile", dockerfile, "--json"]);
  const { id } = JSON.parse(built.stdout) as { id: string };
  images.add(id);
  const has = async () => (await askEngine("GET", `/images/${id}/json`)).status === 200;
  const collect = ["gc", "--grace", "0", "--yes", "--json"];
  const used = await askEngine("POST", `/containers/create?name=${mark}-uses-named`, {
    Image: id,
    Cmd: ["true"],
    Labels: { "user.test": mark },
  });
  await installation.cos(collect);
  await installation.cos([...collect, "--images"]);
  expect(await has(), "while a container was made from it").toBe(true);

  await askEngine("DELETE", `/containers/${(used.body as { Id: string }).Id}`);
  await installation.cos(collect);
  expect(await has(), "without --images").toBe(true);

  const { stdout } = await installation.cos([...collect, "--images"]);
  const { removed } = JSON.parse(stdout) as { removed: { id: string; name: string }[] };
  expect(removed).toContainEqual(expect.objectContaining({ id, name: tag }));
  expect(await has()).toBe(false);
});
