import { randomBytes } from "node:crypto";
import { CosError, createSigner, defineWorkload, type Engine, type EngineEvent } from "@cos/core";
import { addContainer, createMemoryEngine, createMemoryHost } from "@cos/core/testing";
import { type AuditRecord, defaultPolicy, definePolicy } from "@cos/policy";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { agent, openBench } from "./testing/bench.ts";

const other = { ...agent, name: "other" };
const denyAll = definePolicy([{ name: "none", decision: "deny", reason: "Not here." }]);
const confirmAll = definePolicy([{ name: "ask", decision: "confirm", reason: "Ask first." }]);

describe("the events that a caller sees", () => {
  let engine: Engine;
  let host = createMemoryHost();
  beforeEach(() => {
    host = createMemoryHost();
    const app = () => Promise.resolve(0);
    engine = createMemoryEngine({ signer: createSigner(randomBytes(32)), images: { app }, host });
  });
  afterEach(() => engine.close());

  const create = (owner: string, name: string) =>
    engine.containers.create({ owner, spec: defineWorkload({ env: { image: "app" }, lifecycle: "persistent", name }) });
  /** What is told until `deeds` are done. */
  async function told(events: AsyncIterable<EngineEvent>, deeds: () => Promise<unknown>) {
    const seen: string[] = [];
    for await (const event of events) {
      if (event.kind === "resync") await deeds();
      else if (event.name === "the-end") return seen;
      else seen.push(`${event.name} ${event.kind}`);
    }
    return seen;
  }

  test("are those of its own containers and of unmanaged ones, and recorded once", async () => {
    const bench = openBench({ engine, policy: defaultPolicy() });
    const events = bench.controlPlane.viewFor(agent).events();
    const seen = await told(events, async () => {
      await create("agent", "mine");
      await create("other", "theirs");
      addContainer(host, { name: "plain", state: "created" });
      addContainer(host, { name: "the-end", state: "created" });
    });
    expect(seen).toEqual(["cos-mine created", "plain created"]);
    expect(bench.events).toMatchObject([
      { operation: "container_watch", stage: "read", caller: { name: "agent" }, rule: "agent-reads", engine: "memory" },
    ]);
  });

  test("end when the caller wants no more", async () => {
    const stop = new AbortController();
    const events = openBench({ engine }).controlPlane.viewFor(agent).events({ signal: stop.signal });
    const over = told(events, () => Promise.resolve(stop.abort()));
    await expect(over).rejects.toMatchObject({ code: "cancelled" });
  });

  test("are none without an engine of that name, and none where policy does not allow it", async () => {
    const view = openBench({ engine, policy: denyAll }).controlPlane.viewFor(agent);
    const first = (events: AsyncIterable<EngineEvent>) => events[Symbol.asyncIterator]().next();
    await expect(first(view.events({ engine: "moon" }))).rejects.toMatchObject({ code: "not_found" });
    await expect(first(view.events())).rejects.toMatchObject({ code: "denied" });
  });
});

describe("the records that a caller sees", () => {
  const record = (more: Partial<AuditRecord>): AuditRecord => ({
    callId: "1",
    stage: "read",
    operation: "container_list",
    engine: "local",
    caller: agent,
    seq: 1,
    time: "2026-03-09T10:00:00.000Z",
    writer: "mcp",
    inputDigest: "secret",
    asks: { hostPaths: ["/home/ann"] },
    approver: "key",
    prev: "prev",
    mac: "mac",
    ...more,
  });

  test("are asked for by its name, and show what became of its calls", async () => {
    const asked: unknown[] = [];
    const records = async function* (options: unknown) {
      asked.push(options);
      yield record({ stage: "denied", rule: "none", code: "denied" });
    };
    const bench = openBench({ records, policy: defaultPolicy() });
    const shown = await bench.controlPlane.viewFor(other).records({ last: 5 });
    expect(asked).toEqual([{ filter: { callerName: "other" }, last: 5, signal: undefined }]);
    expect(JSON.parse(JSON.stringify(shown))).toEqual([
      {
        time: "2026-03-09T10:00:00.000Z",
        callId: "1",
        stage: "denied",
        operation: "container_list",
        engine: "local",
        rule: "none",
        code: "denied",
      },
    ]);
    expect(bench.events).toMatchObject([{ operation: "audit_recent", stage: "read", caller: { name: "other" } }]);
  });

  test("and that come are told from the moment it asks, but for those of its looking", async () => {
    const asked: { filter?: { since?: Date | undefined } | undefined }[] = [];
    const records = async function* (options: (typeof asked)[number]) {
      asked.push(options);
      yield record({ operation: "audit_recent" });
      yield record({ operation: "container_run", stage: "approved" });
    };
    const before = Date.now();
    const { signal } = new AbortController();
    const told: unknown[] = [];
    const view = openBench({ records, policy: defaultPolicy() }).controlPlane.viewFor(agent);
    for await (const { operation, stage } of await view.newRecords({ signal })) told.push([operation, stage]);
    expect(told).toEqual([["container_run", "approved"]]);
    expect(asked).toMatchObject([{ filter: { callerName: "agent" }, follow: true, signal }]);
    expect(asked[0]?.filter?.since?.getTime()).toBeGreaterThanOrEqual(before);
    const denied = openBench({ records, policy: denyAll }).controlPlane.viewFor(agent);
    await expect(denied.newRecords({ signal })).rejects.toMatchObject({ code: "denied" });
  });

  test("that cannot be read are a failure, which is recorded", async () => {
    const bench = openBench({
      records: async function* () {
        yield* [];
        throw new CosError("failed_precondition", "The audit log cannot be read.");
      },
    });
    await expect(bench.controlPlane.viewFor(agent).records({ last: 5 })).rejects.toMatchObject({
      code: "failed_precondition",
    });
    expect(bench.events).toMatchObject([{ stage: "failed", code: "failed_precondition" }]);
  });
});

describe("the rules that a caller sees", () => {
  test("are those that could decide about its calls, in force also when they only read", async () => {
    const bench = openBench({ policy: defaultPolicy({ readOnly: true }) });
    const names = (await bench.controlPlane.viewFor(agent).rules()).map(({ name }) => name);
    expect(names[0]).toBe("read-only");
    expect(names).toContain("agent-reads");
    expect(names).not.toContain("reaper");
    expect(bench.engineCalls).toEqual([]);
  });

  test.each([
    ["denies it", denyAll, "none"],
    ["wants a consent, for which there is no call to repeat", confirmAll, "ask"],
  ])("are none where policy %s", async (_what, policy, rule) => {
    const bench = openBench({ policy });
    await expect(bench.controlPlane.viewFor(agent).rules()).rejects.toMatchObject({
      code: "denied",
      message: expect.stringContaining(`(rule ${rule})`),
      hint: expect.stringContaining("policy_show"),
    });
    expect(bench.events).toMatchObject([{ operation: "policy_show", stage: "denied", rule }]);
  });

  test("are none for a name that an agent cannot have", async () => {
    const bench = openBench();
    await expect(bench.controlPlane.viewFor({ ...agent, name: "user" }).rules()).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });
});
