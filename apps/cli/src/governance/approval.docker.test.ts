import { randomBytes, randomInt } from "node:crypto";
import { connectStdio, type StdioClient } from "@cos/mcp-server/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "../testing/cos.ts";
import { askEngine, removeByLabel, standingOf, startUnmanaged } from "../testing/engine.ts";

const mark = `gov-approval-${randomBytes(4).toString("hex")}`;
const labels = { "user.test": mark };
const web = `${mark}-web`;
let installation: Installation;
let agent: StdioClient;
let id: string;

beforeAll(() => {
  installation = makeInstallation();
  installation.writePolicy(`
rules:
  - name: ask-a-person
    effect: [mutate, destroy]
    callerKind: [stdio, script]
    decision: approve
    reason: A person decides here.
`);
});
afterAll(() => installation.remove());
beforeEach(async () => {
  id = await startUnmanaged(web, labels);
  agent = await connectStdio({ env: installation.env });
});
afterEach(async () => {
  await agent.close();
  await removeByLabel(`user.test=${mark}`);
});

const approvals = (...args: string[]) => installation.cos(["approvals", ...args]);
const restart = (input: Record<string, unknown> = {}, client = agent) =>
  client.call("container_restart", { container: web, graceSeconds: 1, ...input });
const ask = async () => String((await restart()).envelope["reference"]);
const pending = { failed: false, envelope: { status: "pending", reference: expect.stringMatching(/^[0-9a-z]{8}$/) } };

describe("a call that a person must approve", () => {
  test("answers with a reference, which people see and the agent cannot use", async () => {
    const standing = await standingOf(id);
    const first = await restart();
    expect(first).toMatchObject(pending);
    expect(first.envelope).not.toHaveProperty("confirmToken");
    const reference = String(first.envelope["reference"]);
    expect(first.text).toContain(`cos approvals approve ${reference}`);
    expect((await restart()).envelope["reference"]).toBe(reference);
    expect(await restart({ confirmToken: reference })).toMatchObject({ failed: true, envelope: { status: "denied" } });
    expect(await standingOf(id)).toEqual(standing);

    expect((await approvals("ls")).stdout).toMatch(
      new RegExp(`^${reference}  container_restart ${web}  by stdio:agent  .*\\n +Restart container ${web} `),
    );
    expect(JSON.parse((await approvals("ls", "--json")).stdout)).toMatchObject([
      {
        reference,
        operation: "container_restart",
        caller: { kind: "stdio", name: "agent" },
        target: { id, name: web },
      },
    ]);
    const { stdout } = await approvals("show", reference.slice(0, 5));
    for (const part of [reference, id, "ask-a-person: A person decides here.", `process ${agent.pid}`])
      expect(stdout).toContain(part);
    expect(stdout).toMatch(/The caller wrote:\n(?: {2}\| .*\n)+$/);
    expect(stdout).not.toContain("\u001b");
    expect(JSON.parse((await approvals("show", reference, "--json")).stdout)).toMatchObject({
      reference,
      state: "pending",
    });
  });

  test("is done by exactly one repeat after a yes, and the log has both sides", async () => {
    const before = installation.auditEvents();
    const reference = await ask();
    const standing = await standingOf(id);
    const approved = await approvals("approve", reference, "--yes");
    expect(approved).toMatchObject({ code: 0, stdout: expect.stringMatching(new RegExp(`^approved ${reference} `)) });
    expect(await standingOf(id)).toEqual(standing);

    const answers = await Promise.all(Array.from({ length: 5 }, () => restart()));
    expect(answers.filter(({ envelope }) => envelope["status"] === "done")).toHaveLength(1);
    expect(answers.filter(({ envelope }) => envelope["status"] === "pending")).toHaveLength(4);

    const events = installation.auditEvents(before);
    const asked = events.find(({ stage }) => stage === "previewed");
    expect(events.find(({ stage }) => stage === "approved")).toMatchObject({
      callId: asked?.callId,
      reference,
      approver: "user",
      consent: "approval",
      operation: "container_restart",
      caller: {
        kind: "stdio",
        name: "agent",
      },
      target: {
        id,
        name: web,
      },
    });
    expect(events.filter(({ stage }) => stage === "started" || stage === "succeeded")).toMatchObject(
      ["started", "succeeded"].map((stage) => ({
        stage,
        reference,
        approver: "user",
        consent: "approval",
        confirms: asked?.callId,
      })),
    );
    expect((await installation.cos(["audit", "verify"])).code).toBe(0);
  });

  test("is done once also where it changes nothing that is there already: a yes to a job is none to the next", async () => {
    const run = () =>
      agent.call("container_run", {
        image: "busybox",
        command: "echo ran",
        pull: "never",
        labels: { "user.test": mark },
      });
    const reference = String((await run()).envelope["reference"]);
    await approvals("approve", reference, "--yes");
    const answers = await Promise.all([run(), run(), run()]);
    expect(answers.map(({ envelope }) => String(envelope["status"])).toSorted()).toEqual([
      "done",
      "pending",
      "pending",
    ]);
  });

  test("is refused after a no, as often as it is repeated, with what the person said", async () => {
    const reference = await ask();
    const standing = await standingOf(id);
    const denied = await approvals("deny", reference, "--comment", "not during the day");
    expect(denied).toMatchObject({ code: 0, stdout: expect.stringMatching(/^denied /) });
    for (let repeats = 0; repeats < 3; repeats++) {
      expect(await restart()).toMatchObject({
        failed: true,
        envelope: { status: "denied", reason: "A person said no: not during the day" },
      });
    }
    expect(await approvals("approve", reference, "--yes")).toMatchObject({ code: 1, stdout: "" });
    expect(await standingOf(id)).toEqual(standing);
  });

  test("is asked about anew when what was approved has changed", async () => {
    const reference = await ask();
    await approvals("approve", reference, "--yes");
    await askEngine("POST", `/containers/${id}/restart?t=1`);
    const standing = await standingOf(id);
    const again = await restart();
    expect(again).toMatchObject(pending);
    expect(again.envelope["reference"]).not.toBe(reference);
    expect(await standingOf(id)).toEqual(standing);
  });

  test("is forgotten with its process: nobody can approve it, and another process asks anew", async () => {
    const reference = await ask();
    await agent.close();
    expect(await approvals("ls")).toMatchObject({ code: 0, stdout: "Nothing waits for approval.\n", stderr: "" });
    expect(await approvals("approve", reference, "--yes")).toMatchObject({ code: 1, stdout: "" });
    await using other = await connectStdio({ env: installation.env });
    const again = await restart({}, other);
    expect(again).toMatchObject(pending);
    expect(again.envelope["reference"]).not.toBe(reference);
  });

  test("holds for its caller alone: a yes to one agent is none to another", async () => {
    const standing = await standingOf(id);
    await approvals("approve", await ask(), "--yes");
    await using other = await connectStdio({ env: installation.env, args: ["--as", "other"] });
    expect(await restart({}, other)).toMatchObject(pending);
    expect(await standingOf(id)).toEqual(standing);
    expect(await restart()).toMatchObject({ envelope: { status: "done" } });
  });
});

describe("an agent that tries everything it can say", () => {
  /** All that an agent can put together: it knows names, ids, tokens and references that it was shown. */
  type Step = (known: readonly string[]) => Promise<unknown>;

  test.each([1, 2, 3, randomInt(2 ** 31)])("changes nothing without a person, with seed %i", async (seed) => {
    const pick = createPicker(seed);
    const standing = await standingOf(id);
    const before = installation.auditEvents();
    await using other = await connectStdio({ env: installation.env, args: ["--as", "other"] });
    const reference = await ask();
    const known = [reference, ...installation.auditEvents(before).map(({ callId }) => callId)];

    const container = () => pick([web, id, id.slice(0, 12), mark, "../x"]);
    const tools = ["container_restart", "container_stop", "container_rm", "approvals_approve", "approve", "grant_add"];
    const steps: readonly Step[] = [
      (words) => pick([agent, other]).call(pick(tools), { container: container(), confirmToken: pick(words) }),
      () => pick([agent, other]).call(pick(tools), { container: container() }),
      () => pick([agent, other]).call("container_rm", { container: container(), force: true }),
      (words) => restart({ confirmToken: pick(words), graceSeconds: pick([1, 2, 3]) }),
      () => Promise.all([restart(), restart(), restart({}, other)]),
      () => pick([agent, other]).call(pick(["container_reap", "container_list", "ping"])),
      (words) => restart({ reference: pick(words), approved: true, confirmedBy: "person", caller: "user" }),
    ];
    const trace: unknown[] = [];
    for (let step = 0; step < 40; step++) {
      const words = [...known, "", "true", randomBytes(24).toString("base64url")];
      const answer = await pick(steps)(words);
      trace.push(answer);
      const said = JSON.stringify(answer);
      for (const [, word = ""] of said.matchAll(/"(?:reference|confirmToken)":"([\w-]+)"/g)) known.push(word);
    }

    expect(await standingOf(id), JSON.stringify(trace)).toEqual(standing);
    const events = installation.auditEvents(before);
    expect(events.filter(({ stage }) => stage === "started" || stage === "approved")).toEqual([]);

    expect((await approvals("approve", reference, "--yes")).code).toBe(0);
    expect(await restart()).toMatchObject({ envelope: { status: "done" } });
    expect(await restart()).toMatchObject(pending);
  });
});

/** Chooses at random, and the same again for the same seed. */
function createPicker(seed: number): <T>(from: readonly T[]) => T {
  let state = seed >>> 0;
  return (from) => {
    // A linear congruential generator; the high bits are the better ones.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const chosen = from[Math.floor((state / 2 ** 32) * from.length)];
    if (chosen === undefined) throw new Error("there is nothing to choose from");
    return chosen;
  };
}
