import { randomBytes } from "node:crypto";
import { type Container, CosError, createSigner, defineWorkload, type Engine, type ManagedLabels } from "@cos/core";
import { createMemoryEngine, createMemoryHost } from "@cos/core/testing";
import { describe, expect, test } from "vitest";
import { findDue } from "./expiry.ts";
import { agent, openBench, person } from "./testing/bench.ts";

const now = new Date("2026-06-01T12:00:00Z");
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);
const hour = 3_600;

interface Given {
  readonly labels?: Partial<ManagedLabels>;
  readonly state?: Container["state"];
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
  readonly ownership?: Container["ownership"];
  /** Its name on the engine, if that is not its own. */
  readonly name?: string;
}

function containerWith(
  id: string,
  { labels, state = "running", startedAt, finishedAt, ownership, name = `cos-${id}` }: Given,
): Container {
  const managed: ManagedLabels = {
    id,
    owner: "user",
    lifecycle: "ephemeral",
    name: id,
    purpose: "",
    project: "",
    image: "busybox",
    createdAt: ago(10),
    ttlSeconds: undefined,
    spec: "",
    specDigest: "",
    ...labels,
  };
  return {
    id,
    name,
    image: "busybox",
    imageId: "sha256:0",
    state,
    createdAt: managed.createdAt,
    finishedAt,
    labels: {},
    networks: [],
    ports: [],
    ownership: ownership ?? { status: "managed", labels: managed },
    details: { startedAt, stateDigest: "0".repeat(64), restarts: 0 } as Container["details"],
  };
}

/** An engine that has these containers. As on a real one, its list does not say when a container ended. */
function engineWith(
  given: Readonly<Record<string, Given>>,
  removed: string[] = [],
  gone: readonly string[] = [],
  killed: string[] = [],
): Engine {
  const all = Object.entries(given).map(([id, more]) => containerWith(id, more));
  const engine = createMemoryEngine({ signer: createSigner(randomBytes(32)), images: {} });
  const containers: Engine["containers"] = {
    ...engine.containers,
    list: async () => all.map((container) => ({ ...container, finishedAt: undefined, details: undefined })),
    async get(id) {
      const found = all.find((container) => container.id === id);
      if (found === undefined || gone.includes(id)) throw new CosError("not_found", `There is no ${id}.`);
      return found;
    },
    remove: async (id) => void removed.push(id),
    kill: async (id) => void killed.push(id),
  };
  return { ...engine, containers };
}

const findExpired = async (engine: Engine, caller = person, at = now) =>
  (await findDue(engine, caller, { now: at, onlyExpired: true })).expired.map(({ id }) => id);
const expired = (given: Readonly<Record<string, Given>>, caller = person) => findExpired(engineWith(given), caller);

describe("a container has expired", () => {
  test("when it is older than its time to live, whatever it does", async () => {
    const old = { createdAt: ago(61), ttlSeconds: 60 };
    expect(
      await expired({
        running: { labels: old },
        paused: { labels: old, state: "paused" },
        service: { labels: { ...old, lifecycle: "persistent" } },
      }),
    ).toEqual(["running", "paused", "service"]);
  });

  test("not before its time to live is over, and never without one while it runs", async () => {
    expect(
      await expired({
        young: { labels: { createdAt: ago(59), ttlSeconds: 60 } },
        endless: { labels: { createdAt: ago(1000 * hour) } },
      }),
    ).toEqual([]);
  });

  test("when it is a job that ended more than an hour ago", async () => {
    const labels = { createdAt: ago(5 * hour) };
    expect(
      await expired({
        longAgo: { labels, state: "exited", finishedAt: ago(hour + 1) },
        dead: { labels, state: "dead", finishedAt: ago(hour + 1) },
        justNow: { labels, state: "exited", finishedAt: ago(hour - 1) },
        unknown: { labels, state: "exited" },
      }),
    ).toEqual(["longAgo", "dead"]);
  });

  test("when it is a job that was made more than an hour ago and never started", async () => {
    expect(
      await expired({
        forgotten: { labels: { createdAt: ago(hour + 1) }, state: "created" },
        aboutToStart: { labels: { createdAt: ago(5) }, state: "created" },
      }),
    ).toEqual(["forgotten"]);
  });

  test("not when it is a service that has ended: somebody may start it again", async () => {
    expect(
      await expired({
        service: {
          labels: { createdAt: ago(9 * hour), lifecycle: "persistent" },
          state: "exited",
          finishedAt: ago(8 * hour),
        },
      }),
    ).toEqual([]);
  });

  test("not when its labels are damaged: no time is over that was never told", async () => {
    expect(await expired({ odd: { labels: { createdAt: new Date(Number.NaN), ttlSeconds: Number.NaN } } })).toEqual([]);
  });

  test("not when it is another installation's or nobody's, even if an engine lists it", async () => {
    const state = "exited";
    expect(
      await expired({
        foreign: {
          ownership: { status: "foreign", instance: "0".repeat(16), owner: "user" },
          state,
          finishedAt: ago(9 * hour),
        },
        unmanaged: { ownership: { status: "unmanaged" }, state, finishedAt: ago(9 * hour) },
      }),
    ).toEqual([]);
  });

  test("for agents only when it is theirs; for people and for cos itself whoever owns it", async () => {
    const over = { createdAt: ago(100), ttlSeconds: 1 };
    const given = { theirs: { labels: { ...over, owner: "agent" } }, other: { labels: { ...over, owner: "user" } } };
    expect(await expired(given, agent)).toEqual(["theirs"]);
    expect(await expired(given, { ...agent, kind: "http" })).toEqual(["theirs"]);
    expect(await expired(given, { kind: "reaper", name: "cos", hostRoots: [] })).toEqual(["theirs", "other"]);
    expect(await expired(given, person)).toEqual(["theirs", "other"]);
  });

  test("not when it vanished while it was looked at", async () => {
    const labels = { createdAt: ago(5 * hour) };
    const engine = engineWith({ a: { labels, state: "exited", finishedAt: ago(2 * hour) } }, [], ["a"]);
    expect(await findExpired(engine)).toEqual([]);
  });
});

describe("a job that runs past its own timeout is overdue", () => {
  const spec = JSON.stringify({ timeoutSeconds: 60 });
  const labels = { spec, createdAt: ago(100), ttlSeconds: 60 + hour };
  const overdue = async (given: Readonly<Record<string, Given>>, caller = person) =>
    (await findDue(engineWith(given), caller, { now, onlyExpired: true })).overdue.map(({ id }) => id);

  test("counted from its start, with a moment for who waits for it", async () => {
    expect(
      await overdue({
        over: { labels, startedAt: ago(63) },
        paused: { labels, startedAt: ago(63), state: "paused" },
        justOver: { labels, startedAt: ago(61) },
        startedLate: { labels, startedAt: ago(59) },
        young: { labels: { ...labels, createdAt: ago(59) }, startedAt: ago(63) },
      }),
    ).toEqual(["over", "paused"]);
  });

  test("not when it has ended, never had a timeout, has expired altogether, or is a service", async () => {
    const startedAt = ago(99);
    expect(
      await overdue({
        ended: { labels, startedAt, state: "exited", finishedAt: ago(50) },
        endless: { labels: { ...labels, spec: "{}" }, startedAt },
        damaged: { labels: { ...labels, spec: "{" }, startedAt },
        expired: { labels: { ...labels, ttlSeconds: 90 }, startedAt },
        service: { labels: { ...labels, lifecycle: "persistent" }, startedAt },
        foreign: { ownership: { status: "foreign", instance: "0".repeat(16), owner: "user" }, startedAt },
      }),
    ).toEqual([]);
  });

  test("for agents only when it is theirs", async () => {
    const given = {
      theirs: { labels: { ...labels, owner: "agent" }, startedAt: ago(99) },
      other: { labels, startedAt: ago(99) },
    };
    expect(await overdue(given, agent)).toEqual(["theirs"]);
    expect(await overdue(given)).toEqual(["theirs", "other"]);
  });

  test("container_reap kills it and lets it stay", async () => {
    const [removed, killed]: [string[], string[]] = [[], []];
    const startedAt = new Date(Date.now() - 90_000);
    const given = { over: { labels: { ...labels, createdAt: startedAt }, startedAt } };
    const outcome = await openBench({ engine: engineWith(given, removed, [], killed) }).perform("container_reap", {});
    expect({ removed, killed }).toEqual({ removed: [], killed: ["over"] });
    expect(outcome).toMatchObject({
      result: { removed: [], killed: [{ id: "over" }] },
      text: expect.stringMatching(/^killed over/),
    });
  });
});

describe("what is left of jobs", () => {
  const left = async (given: Readonly<Record<string, Given>>, onlyExpired = false) =>
    (await findDue(engineWith(given), person, { now, onlyExpired })).leftovers.map(({ id }) => id);
  const labels = { createdAt: ago(90) };

  test("is every job that has ended or was never started, when not only what expired is asked for", async () => {
    const given = {
      ended: { labels, state: "exited", finishedAt: ago(1) },
      dead: { labels, state: "dead" },
      unstarted: { labels, state: "created" },
    } as const;
    expect(await left(given)).toEqual(["ended", "dead", "unstarted"]);
    expect(await left(given, true)).toEqual([]);
  });

  test("is neither what runs, nor what may be about to, nor a service, nor somebody else's", async () => {
    const service = { ...labels, lifecycle: "persistent" } as const;
    expect(
      await left({
        running: { labels },
        paused: { labels, state: "paused" },
        restarting: { labels, state: "restarting" },
        new: { labels: { createdAt: ago(59) }, state: "created" },
        service: { labels: service, state: "exited", finishedAt: ago(9 * hour) },
        unstarted: { labels: service, state: "created" },
        foreign: { ownership: { status: "foreign", instance: "0".repeat(16), owner: "user" }, state: "exited" },
        unmanaged: { ownership: { status: "unmanaged" }, state: "exited" },
      }),
    ).toEqual([]);
  });
});

describe("what is left of replaced services", () => {
  const service = (createdAt: Date) => ({ createdAt, lifecycle: "persistent", name: "web" }) as const;
  const left = async (given: Readonly<Record<string, Given>>) =>
    (await findDue(engineWith(given), person, { now, onlyExpired: true })).leftovers.map(({ id }) => id);
  const current = { labels: service(ago(601)), name: "cos-web" };
  const previous = { labels: service(ago(99 * hour)), name: "cos-web.previous-000000000000", state: "exited" } as const;
  const next = { labels: service(ago(601)), name: "cos-web.next-000000000000", state: "created" } as const;

  test("is a successor that was never started, and a predecessor that has one", async () => {
    expect(await left({ current, previous, next })).toEqual(["previous", "next"]);
  });

  test("is not what may be under way", async () => {
    expect(await left({ current: { ...current, labels: service(ago(599)) }, previous })).toEqual([]);
    expect(await left({ next: { ...next, labels: service(ago(599)) } })).toEqual([]);
  });

  test("is not a predecessor that is all there is, nor anything that runs", async () => {
    expect(await left({ previous, next })).toEqual(["next"]);
    expect(await left({ current, previous: { ...previous, state: "running" } })).toEqual([]);
    expect(await left({ next: { ...next, state: "running" } })).toEqual([]);
  });
});

describe("container_reap", () => {
  test("lets what was halted go on, before it removes what tells of it", async () => {
    const past = { createdAt: new Date(Date.now() - 100_000), ttlSeconds: 1 };
    const bench = openBench({ engine: engineWith({ helper: { labels: past } }) });
    await bench.perform("container_reap", {});
    const calls = bench.engineCalls.filter((call) => call.startsWith("containers."));
    expect(calls).toEqual(expect.arrayContaining(["containers.recover", "containers.remove"]));
    expect(calls.indexOf("containers.recover")).toBeLessThan(calls.indexOf("containers.remove"));
  });

  test("does not stop at what cannot be removed, and says it", async () => {
    const past = { createdAt: new Date(Date.now() - 100_000), ttlSeconds: 1 };
    const removed: string[] = [];
    const engine = engineWith({ a: { labels: past }, b: { labels: past }, c: { labels: past } }, removed);
    const remove: Engine["containers"]["remove"] = async (id, options) => {
      if (id === "b") throw new CosError("internal", "The engine is out of sorts.");
      await engine.containers.remove(id, options);
    };
    const stubborn = { ...engine, containers: { ...engine.containers, remove } };
    const outcome = await openBench({ engine: stubborn }).perform("container_reap", {});
    expect(removed).toEqual(["a", "c"]);
    expect(outcome).toMatchObject({
      status: "done",
      result: {
        removed: [{ id: "a" }, { id: "c" }],
        failed: [{ id: "b", name: "cos-b", reason: "The engine is out of sorts." }],
      },
      text: expect.stringContaining("failed b  cos-b: The engine is out of sorts."),
    });
  });

  test("kills what has expired, and never what only is left over", async () => {
    const forced: unknown[] = [];
    const createdAt = new Date(Date.now() - 100_000);
    const engine = engineWith({
      over: { labels: { createdAt, ttlSeconds: 1 } },
      ended: { labels: { createdAt }, state: "exited" },
    });
    const remove: Engine["containers"]["remove"] = async (id, options) => void forced.push([id, options?.force]);
    const watched = { ...engine, containers: { ...engine.containers, remove } };
    await openBench({ engine: watched }).perform("container_reap", { onlyExpired: false });
    expect(forced).toEqual([
      ["over", undefined],
      ["ended", false],
    ]);
  });

  test("removes what has expired, and nothing else", async () => {
    const removed: string[] = [];
    const past = { createdAt: new Date(Date.now() - 100_000) };
    const engine = engineWith(
      { over: { labels: { ...past, ttlSeconds: 1 } }, alive: { labels: { ...past, ttlSeconds: 1000 } } },
      removed,
    );
    const outcome = await openBench({ engine }).perform("container_reap", {});
    expect(removed).toEqual(["over"]);
    expect(outcome).toMatchObject({
      status: "done",
      result: { removed: [{ id: "over" }] },
      text: expect.stringMatching(/^removed over/),
    });
  });

  test("says so when there is nothing to do", async () => {
    expect(await openBench({ engine: engineWith({}) }).perform("container_reap", {})).toMatchObject({
      text: "Nothing has expired.",
    });
  });

  test("leaves alone what another installation signed", async () => {
    const host = createMemoryHost();
    const images = { app: () => new Promise<number>(() => {}) };
    const other = createMemoryEngine({ signer: createSigner(randomBytes(32)), images, host });
    const stop = new AbortController();
    const running = other.jobs.run(
      { owner: "user", spec: defineWorkload({ env: { image: "app" }, ttlSeconds: 1 }) },
      { signal: stop.signal },
    );
    const mine = createMemoryEngine({ signer: createSigner(randomBytes(32)), images, host });
    const later = new Date(Date.now() + 3_600_000);
    expect(await findExpired(mine, person, later)).toEqual([]);
    expect(await findExpired(other, person, later)).toHaveLength(1);
    stop.abort();
    await running;
  });
});
