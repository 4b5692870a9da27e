import { randomBytes } from "node:crypto";
import { createSigner, type ManagedLabels, type ObjectKind, toLabels } from "@cos/core";
import { addContainer, addImage, createMemoryEngine, createMemoryHost } from "@cos/core/testing";
import { defaultPolicy } from "@cos/policy";
import { describe, expect, test } from "vitest";
import { agent, deciding, openBench } from "../testing/bench.ts";

const day = 86_400_000;

/** A place with leftovers of the user's and the agent's, and with things that are none. */
function openPlace() {
  const signer = createSigner(randomBytes(32));
  const host = createMemoryHost();
  const engine = createMemoryEngine({ signer, images: {}, host });
  const label = (kind: ObjectKind, name: string, more: Partial<ManagedLabels> = {}) =>
    toLabels(
      kind,
      {
        id: "0".repeat(32),
        owner: "user",
        lifecycle: "ephemeral",
        name,
        purpose: "",
        project: "",
        image: "busybox",
        createdAt: new Date(Date.now() - day),
        ttlSeconds: undefined,
        spec: "",
        specDigest: "",
        ...more,
      },
      signer,
    );
  const add = (name: string, state: "running" | "exited" | "created", more: Partial<ManagedLabels> = {}) =>
    addContainer(host, { name: `cos-${name}`, state, labels: label("container", name, more) });
  const ids = {
    ended: add("ended", "exited"),
    unstarted: add("unstarted", "created"),
    agents: add("agents", "exited", { owner: "agent" }),
    runs: add("runs", "running"),
    unmanaged: addContainer(host, { name: "cos-human", state: "exited" }),
    moved: addContainer(host, { name: "cos-moved", state: "exited", labels: label("container", "ended") }),
    otherKind: addContainer(host, { name: "cos-kind", state: "exited", labels: label("image", "kind") }),
    cache: addImage(host, { tags: ["cos-cache:1"], labels: label("image", "cache:1") }),
    derived: addImage(host, { tags: ["mine:1"], labels: label("image", "cache:1") }),
  };
  const left = () => [...host.containers.keys(), ...host.images.keys(), ...host.networks.keys()];
  return { ids, host, engine, left, bench: openBench({ engine }) };
}

const removedOf = (outcome: object) =>
  (outcome as { result: { removed: { id: string }[] } }).result.removed.map(({ id }) => id);

describe("gc", () => {
  test("removes leftovers and says what, whose, and how many bytes", async () => {
    const { ids, bench, left } = openPlace();
    const outcome = await bench.perform("gc", { graceSeconds: 0 });
    expect(outcome).toMatchObject({
      status: "done",
      result: { dryRun: false, skipped: [], freedBytes: 1000 },
      text: expect.stringMatching(/^removed container {2}[0-9a-f]{12} {2}cos-ended {2}user {2}0 B\n/),
    });
    expect(removedOf(outcome)).toEqual([ids.ended, ids.unstarted, ids.agents, ids.cache]);
    expect(left()).toEqual([ids.runs, ids.unmanaged, ids.moved, ids.otherKind, ids.derived]);
  });

  test("leaves what has not been unused for an hour, unless told otherwise", async () => {
    const { ids, bench } = openPlace();
    // These ended when they were put there, just now.
    expect(removedOf(await bench.perform("gc", {}))).toEqual([ids.unstarted, ids.cache]);
    expect(removedOf(await bench.perform("gc", { graceSeconds: 2 * 86_400 }))).toEqual([]);
    expect(await bench.perform("gc", {})).toMatchObject({ text: "Nothing to remove." });
  });

  test("removes nothing in a dry run, and answers as if", async () => {
    const { bench, left } = openPlace();
    const before = left();
    const dry = await bench.perform("gc", { graceSeconds: 0, dryRun: true });
    expect(dry).toMatchObject({
      result: { dryRun: true, freedBytes: 1000 },
      text: expect.stringMatching(/^would remove container .*\nWould free 1000 B\.$/s),
    });
    expect(left()).toEqual(before);
    expect(removedOf(dry)).toEqual(removedOf(await bench.perform("gc", { graceSeconds: 0 })));
  });

  test("removes exactly what was previewed, and nothing when that has changed", async () => {
    const { ids, host, engine, left } = openPlace();
    const asking = openBench({ engine, policy: deciding("confirm") });
    const input = { graceSeconds: 0 };
    const preview = async () => {
      const outcome = await asking.perform("gc", input);
      if (outcome.status !== "confirm") throw new Error("it asked for no confirmation");
      return outcome;
    };
    const first = await preview();
    expect(first.preview).toMatchObject({
      text: expect.stringMatching(/^Remove 3 containers, 1 image for good, 1000 B in all:\ncontainer {2}/),
      changes: { action: "gc", freedBytes: 1000 },
    });
    expect(first.preview.changes["objects"]).toMatchObject([
      { kind: "container", id: ids.ended, name: "cos-ended", owner: "user", sizeBytes: 0 },
      { kind: "container", id: ids.unstarted },
      { kind: "container", id: ids.agents },
      { kind: "image", id: ids.cache, name: "cos-cache:1", sizeBytes: 1000 },
    ]);
    // Another container uses the image now.
    const user = addContainer(host, { name: "human", image: "x" });
    host.containers.set(user, { ...host.containers.get(user)!, imageId: ids.cache });
    const before = left();
    expect(await asking.perform("gc", input, { confirmToken: first.confirmToken })).toMatchObject({ status: "denied" });
    expect(left()).toEqual(before);

    const second = await preview();
    const done = await asking.perform("gc", input, { confirmToken: second.confirmToken });
    expect(removedOf(done)).toEqual([ids.ended, ids.unstarted, ids.agents]);
  });

  test("keeps what somebody has started again in the meantime, and says so", async () => {
    const { ids, host, engine } = openPlace();
    const racing = openBench({
      engine: {
        ...engine,
        containers: {
          ...engine.containers,
          async remove(id, options) {
            const found = host.containers.get(id);
            if (id === ids.ended && found !== undefined) host.containers.set(id, { ...found, state: "running" });
            await engine.containers.remove(id, options);
          },
        },
      },
    });
    const outcome = await racing.perform("gc", { graceSeconds: 0 });
    expect(removedOf(outcome)).toEqual([ids.unstarted, ids.agents, ids.cache]);
    expect(outcome).toMatchObject({
      result: { skipped: [{ id: ids.ended, reason: "The container has not ended." }] },
      text: expect.stringContaining("skipped container"),
    });
    expect(host.containers.get(ids.ended)?.state).toBe("running");
  });

  test("fails when the engine is lost, and not object by object", async () => {
    const { engine } = openPlace();
    await engine.close();
    await expect(openBench({ engine }).perform("gc", {})).rejects.toMatchObject({ code: "unavailable" });
  });

  test("asks the engine once for the plan and its preview", async () => {
    const { engine } = openPlace();
    const asking = openBench({ engine, policy: deciding("confirm") });
    const first = await asking.perform("gc", { graceSeconds: 0 });
    const confirmToken = first.status === "confirm" ? first.confirmToken : "";
    const before = asking.engineCalls.length;
    await asking.perform("gc", { graceSeconds: 0 }, { confirmToken });
    const calls = asking.engineCalls.slice(before);
    expect(calls.filter((call) => call === "images.list")).toHaveLength(1);
  });
});

describe("gc of an agent", () => {
  test("is about its own, and about everybody's only when a person approves", async () => {
    const { ids, engine, left } = openPlace();
    const bench = openBench({ engine, policy: defaultPolicy() });
    const asAgent = { caller: agent };
    expect(await bench.perform("gc", { graceSeconds: 0, allOwners: true }, asAgent)).toMatchObject({
      status: "pending",
      rule: "agent-gc-across-owners",
    });
    const own = await bench.perform("gc", { graceSeconds: 0 }, asAgent);
    if (own.status !== "confirm") throw new Error("it asked for no confirmation");
    expect(own.preview.changes["objects"]).toMatchObject([{ id: ids.agents }]);
    const { confirmToken } = own;
    expect(removedOf(await bench.perform("gc", { graceSeconds: 0 }, { ...asAgent, confirmToken }))).toEqual([
      ids.agents,
    ]);
    expect(left()).toContain(ids.ended);
  });

  test("cannot use a token for one list on another", async () => {
    const { engine, left } = openPlace();
    const bench = openBench({ engine, policy: defaultPolicy() });
    const own = await bench.perform("gc", { graceSeconds: 0 }, { caller: agent });
    const confirmToken = own.status === "confirm" ? own.confirmToken : "";
    const before = left();
    for (const input of [{ graceSeconds: 1 }, { graceSeconds: 0, dryRun: true }]) {
      expect(await bench.perform("gc", input, { caller: agent, confirmToken })).toMatchObject({ status: "denied" });
    }
    expect(left()).toEqual(before);
  });
});
