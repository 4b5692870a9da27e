import { randomBytes } from "node:crypto";
import { connectStdio, type StdioClient } from "@cos/mcp-server/testing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Installation, makeInstallation } from "../testing/cos.ts";
import { listByLabel, removeByLabel, standingOf, startUnmanaged } from "../testing/engine.ts";
import { everyOperation, takesContainer } from "../testing/samples.ts";
import { openTracer, type Tracer } from "../testing/traces.ts";
import { agentWays, type Anybody } from "../testing/ways.ts";

const mark = `gov-other-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
/** What the other agent calls its container. */
const theirs = `${mark}-theirs`;
let installation: Installation;
let tracer: Tracer;
let other: StdioClient;
let job: Promise<unknown>;
let id: string;

beforeAll(async () => {
  installation = makeInstallation();
  tracer = await openTracer(installation);
  // No rules can show it to anybody else, not even these.
  installation.writePolicy(
    "defaults: false\nrules: [{ name: all, decision: allow, reason: Everything is allowed. }]\n",
  );
  // Not by the tracer, which does not carry a job's streams.
  other = await connectStdio({ env: installation.env, args: ["--as", "other"] });
  job = other.call("container_run", {
    name: theirs,
    image: "busybox",
    command: "sleep 3600",
    pull: "never",
    labels: { "user.test": mark },
    ttlSeconds: 3600,
  });
  id = await vi.waitFor(async () => {
    const [found] = await listByLabel(label);
    if (found?.State !== "running") throw new Error("it does not run yet");
    return found.Id;
  }, 15_000);
});
afterAll(async () => {
  await other.close();
  await job.catch(() => undefined);
  tracer.close();
  await removeByLabel(label);
  installation.remove();
});

describe.each(agentWays)("another agent's container, %s", (_, open) => {
  let agent: Anybody;
  beforeAll(async () => {
    const connected = await tracer.trace(async () => {
      agent = await open(installation, { env: tracer.env });
      return await agent.call("ping", {});
    });
    expect(connected.answer.refused).toBe(false);
  });
  afterAll(() => agent[Symbol.asyncDispose]());

  test.each(everyOperation(takesContainer))("is answered like one that there is not: %s", async (name, operation) => {
    const standing = await standingOf(id);
    const references = [
      [theirs, `${mark}-nobody`],
      [`cos-${theirs}`, `cos-${mark}-nobody`],
      [id, randomBytes(32).toString("hex")],
      [id.slice(0, 12), randomBytes(6).toString("hex")],
    ] as const;
    const answers: string[] = [];
    for (const container of references.flat()) {
      const { answer, requests, changes, events } = await tracer.trace(() =>
        agent.callWell(operation, { container, mark }),
      );
      expect(answer).toMatchObject({ refused: true, text: expect.stringContaining("not_found") });
      answers.push(answer.text.replaceAll(container, "IT"));
      // Looked for among all, and looked at by nobody.
      expect(new Set(requests)).toEqual(new Set([expect.stringMatching(/^GET \/v1\.\d+\/containers\/json$/)]));
      expect(changes).toEqual([]);
      expect(events).toMatchObject([{ stage: "failed", operation: name, code: "not_found" }]);
      expect(events[0]).not.toHaveProperty("target");
    }
    expect(new Set(answers).size).toBe(1);
    expect(await standingOf(id)).toEqual(standing);
  });

  test("is in no list, and is not reaped", async () => {
    const list = await agent.call("container_list", { all: true });
    expect(list).toMatchObject({ refused: false, text: expect.not.stringContaining(theirs) });
    expect(await agent.call("container_reap", {})).toMatchObject({ refused: false });
    expect(await standingOf(id)).toMatchObject({ status: "running" });
  });
});

test("an agent sees its own container, and people see whose it is", async () => {
  expect((await other.call("container_list")).text).toContain(id.slice(0, 12));
  expect((await installation.cos(["ps"])).stdout).toMatch(new RegExp(`^${id.slice(0, 12)} .* other `, "m"));
});

test("a copy of its labels makes nothing an agent's own: a person decides about its removal", async () => {
  installation.writePolicy("rules: []\n");
  const [original] = await listByLabel(label);
  const copy = `${mark}-copy`;
  await startUnmanaged(copy, original?.Labels ?? {});
  await using owner = await connectStdio({ env: { ...installation.env, ...tracer.env }, args: ["--as", "other"] });
  const remove = () => owner.call("container_rm", { container: copy, force: true });
  const { answer, changes } = await tracer.trace(remove);
  expect(answer.envelope).toMatchObject({ status: "pending", rule: "agent-removes-foreign-objects" });
  expect(changes).toEqual([]);
});
