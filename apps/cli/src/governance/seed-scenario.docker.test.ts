import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Call, openControlPlane, type Outcome } from "@cos/control-plane";
import { connectStdio, type StdioClient } from "@cos/mcp-server/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Installation, makeInstallation } from "../testing/cos.ts";
import { askEngine, removeByLabel, standingOf, startUnmanaged } from "../testing/engine.ts";

const mark = `gov-seed-${randomBytes(4).toString("hex")}`;
const labels = { "user.test": mark };
const web = `${mark}-web`;
let installation: Installation;
let agent: StdioClient;
let id: string;

beforeAll(async () => {
  installation = makeInstallation();
  agent = await connectStdio({ env: installation.env });
});
afterAll(async () => {
  await agent.close();
  installation.remove();
});
beforeEach(async () => {
  id = await startUnmanaged(web, labels);
});
afterEach(() => removeByLabel(`user.test=${mark}`));

const restart = (client: StdioClient, input: Record<string, unknown> = {}) =>
  client.call("container_restart", { container: web, graceSeconds: 1, ...input });
const preview = async (client: StdioClient, input?: Record<string, unknown>) =>
  String((await restart(client, input)).envelope["confirmToken"]);

const refused = {
  failed: true,
  envelope: {
    status: "denied",
    rule: "agent-runs-unmanaged-containers",
    reason: expect.stringMatching(/^The confirmation token is not good for this call/),
  },
};
const verify = async () => (await installation.cos(["audit", "verify"])).code;

describe("an agent that restarts a container which cos did not make", () => {
  test("sees first what would happen, and has it done by repeating the call with the token, once", async () => {
    const before = installation.auditEvents();
    const standing = await standingOf(id);

    const first = await restart(agent);
    expect(first).toMatchObject({
      failed: false,
      envelope: {
        status: "confirm",
        preview: { text: expect.stringContaining(`Restart container ${web} (${id.slice(0, 12)})`) },
        confirmToken: expect.stringMatching(/^[\w-]{22,}$/),
        expiresInSeconds: 120,
      },
      text: expect.stringMatching(
        /^Restart container .*\nNothing has been done yet: .*\n.*confirmToken="[\w-]+" within 120 s/,
      ),
    });
    expect(await standingOf(id)).toEqual(standing);

    const confirmToken = first.envelope["confirmToken"];
    expect(await restart(agent, { confirmToken })).toMatchObject({ failed: false, envelope: { status: "done" } });
    const restarted = await standingOf(id);
    expect(restarted).toMatchObject({
      status: "running",
      startedAt: expect.not.stringContaining(String(standing?.startedAt)),
    });

    expect(await restart(agent, { confirmToken })).toMatchObject(refused);
    expect(await standingOf(id)).toEqual(restarted);

    const events = installation.auditEvents(before);
    const about = {
      operation: "container_restart",
      caller: { kind: "stdio", name: "agent" },
      target: { kind: "container", id, name: web },
      rule: "agent-runs-unmanaged-containers",
    };
    const confirmed = { ...about, consent: "caller", confirms: events[0]?.callId };
    expect(events).toMatchObject([
      { stage: "previewed", ...about },
      { stage: "started", ...confirmed },
      { stage: "succeeded", ...confirmed },
      { stage: "denied", ...about },
    ]);
    expect(new Set(events.map(({ callId }) => callId)).size).toBe(3);
    expect(await verify()).toBe(0);
  });

  test("names it by its name or the start of its id, and cannot take a token from one to the other call", async () => {
    const standing = await standingOf(id);
    const confirmToken = await preview(agent, { container: id.slice(0, 12) });
    expect(await restart(agent, { confirmToken })).toMatchObject(refused);
    expect(await standingOf(id)).toEqual(standing);
    const again = await preview(agent, { container: id.slice(0, 12) });
    const done = await restart(agent, { container: id.slice(0, 12), confirmToken: again });
    expect(done).toMatchObject({ failed: false, envelope: { status: "done", result: { id, name: web } } });
  });

  test("is refused with a token that was never issued, and with one that is no text", async () => {
    const standing = await standingOf(id);
    await preview(agent);
    for (const confirmToken of ["", "x", randomBytes(24).toString("base64url"), "A".repeat(100_000), 1, null, {}, []]) {
      expect(await restart(agent, { confirmToken }), JSON.stringify(confirmToken).slice(0, 50)).toMatchObject(refused);
    }
    expect(await standingOf(id)).toEqual(standing);
  });

  test.each([
    ["another process of the same name", []],
    ["an agent of another name", ["--as", "other"]],
  ])("lends its token to nobody: %s is refused, and the token stays good where it is from", async (_, args) => {
    const standing = await standingOf(id);
    const confirmToken = await preview(agent);
    await using other = await connectStdio({ env: installation.env, args });
    expect(await restart(other, { confirmToken })).toMatchObject(refused);
    expect(await standingOf(id)).toEqual(standing);
    expect(await restart(agent, { confirmToken })).toMatchObject({ envelope: { status: "done" } });
  });

  test.each<readonly [string, Record<string, unknown>, () => Promise<unknown>]>([
    ["another container", { container: `${mark}-db` }, () => startUnmanaged(`${mark}-db`, labels)],
    ["another way to do it", { graceSeconds: 2 }, async () => {}],
    ["a container that was restarted since", {}, () => askEngine("POST", `/containers/${id}/restart?t=1`)],
    ["a container that was stopped since", {}, () => askEngine("POST", `/containers/${id}/stop?t=1`)],
    [
      "a container that was configured anew since",
      {},
      () => askEngine("POST", `/containers/${id}/update`, { RestartPolicy: { Name: "on-failure" } }),
    ],
    [
      "another container of the same name",
      {},
      async () => {
        await askEngine("DELETE", `/containers/${id}?force=1`);
        id = await startUnmanaged(web, labels);
      },
    ],
  ])("is refused with a token for: %s", async (_, change, meanwhile) => {
    const confirmToken = await preview(agent);
    await meanwhile();
    const standing = await standingOf(id);
    expect(await restart(agent, { ...change, confirmToken })).toMatchObject(refused);
    expect(await restart(agent, { confirmToken })).toMatchObject(refused);
    expect(await standingOf(id)).toEqual(standing);
  });

  test("gets one of many calls done that it makes at once with one token", async () => {
    const confirmToken = await preview(agent);
    const before = installation.auditEvents();
    const answers = await Promise.all(Array.from({ length: 8 }, () => restart(agent, { confirmToken })));
    expect(answers.filter(({ envelope }) => envelope["status"] === "done")).toHaveLength(1);
    expect(installation.auditEvents(before).filter(({ stage }) => stage === "started")).toHaveLength(1);
  });

  test("can ask for something else only by what there is: an unknown tool is refused and recorded", async () => {
    const before = installation.auditEvents();
    expect(await agent.call("restart_everything", { container: web })).toMatchObject({
      failed: true,
      envelope: { status: "denied", rule: "unknown-operation" },
    });
    expect(installation.auditEvents(before)).toMatchObject([
      { stage: "denied", operation: "restart_everything", rule: "unknown-operation" },
    ]);
  });

  test("reads without asking, and each read is one record", async () => {
    const before = installation.auditEvents();
    expect((await agent.call("container_list")).text).toContain(web);
    expect(await agent.call("container_logs", { container: web })).toMatchObject({ failed: false });
    expect(await agent.call("ping")).toMatchObject({ failed: false });
    expect(installation.auditEvents(before)).toMatchObject(
      ["container_list", "container_logs", "ping"].map((operation) => ({ stage: "read", operation })),
    );
  });

  test("leaves its tokens nowhere: not in the log, and not on stderr", async () => {
    const token = await preview(agent);
    await restart(agent, { confirmToken: token });
    const written = readdirSync(installation.auditDirectory).map((file) =>
      readFileSync(join(installation.auditDirectory, file), "utf8"),
    );
    expect(written.join("")).not.toContain(token);
    expect(agent.stderr()).toBe("");
  });
});

describe("a token's two minutes", () => {
  afterEach(() => vi.restoreAllMocks());

  test("end to the millisecond, by the clock that only goes forward", async () => {
    const now = vi.spyOn(performance, "now");
    await using controlPlane = openControlPlane({ writer: "test", env: installation.env });
    const caller = { kind: "stdio", name: "agent", hostRoots: [] } as const;
    const perform = (more: Partial<Call> = {}) =>
      controlPlane.perform({
        operation: "container_restart",
        input: { container: web, graceSeconds: 1 },
        caller,
        ...more,
      });
    const tokenOf = (outcome: Outcome) => (outcome.status === "confirm" ? outcome.confirmToken : "");

    await perform();
    for (const [afterMs, status] of [
      [120_000, "denied"],
      [119_999, "done"],
    ] as const) {
      now.mockReturnValue(1_000_000);
      const confirmToken = tokenOf(await perform());
      const standing = await standingOf(id);
      now.mockReturnValue(1_000_000 + afterMs);
      expect(await perform({ confirmToken })).toMatchObject({ status });
      expect((await standingOf(id))?.startedAt === standing?.startedAt).toBe(status === "denied");
    }
  });
});
