import { randomBytes } from "node:crypto";
import { connectStdio, type StdioClient } from "@cos/mcp-server/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { removeByLabel, startUnmanaged } from "./testing/engine.ts";
import { ctrlC, startAtTerminal } from "./testing/terminal.ts";

const mark = `cli-approvals-${randomBytes(4).toString("hex")}`;
const web = `${mark}-web`;
let installation: Installation;
let agent: StdioClient;
let id: string;

beforeAll(async () => {
  installation = makeInstallation();
  installation.writePolicy(`
rules:
  - name: ask-a-person
    effect: [mutate, destroy]
    callerKind: [stdio, script]
    decision: approve
    reason: A person decides here.
`);
  id = await startUnmanaged(web, { "user.test": mark });
});
afterAll(async () => {
  await removeByLabel(`user.test=${mark}`);
  installation.remove();
});
beforeEach(async () => {
  agent = await connectStdio({ env: installation.env });
});
afterEach(() => agent.close());

const approvals = (...args: string[]) => installation.cos(["approvals", ...args]);
const restart = () => agent.call("container_restart", { container: web, graceSeconds: 1 });
const ask = async () => String((await restart()).envelope["reference"]);

describe("a person who approves", () => {
  test("sees what it is at the terminal, and is asked", async () => {
    const reference = await ask();
    const terminal = startAtTerminal(installation, ["approvals", "approve", reference]);
    await terminal.shows("Approve it? [y/N] ");
    terminal.type("y\n");
    const { code, shown } = await terminal.ended;
    expect(code).toBe(0);
    for (const part of [web, id, "by stdio:agent", "The caller wrote:", `approved ${reference}`])
      expect(shown).toContain(part);
    expect(await restart()).toMatchObject({ envelope: { status: "done" } });
  });

  test.each([
    ["n", "n\n", 125],
    ["Enter", "\n", 125],
    ["Ctrl-C", ctrlC, 130],
  ])("and answers %s has decided nothing", async (_, keys, expected) => {
    const reference = await ask();
    const terminal = startAtTerminal(installation, ["approvals", "approve", reference]);
    await terminal.shows("Approve it? [y/N] ");
    terminal.type(keys);
    expect((await terminal.ended).code).toBe(expected);
    expect((await restart()).envelope).toMatchObject({ status: "pending", reference });
  });

  test("cannot do so unseen: without a terminal it takes --yes", async () => {
    const reference = await ask();
    expect(await approvals("approve", reference)).toMatchObject({
      code: 125,
      stdout: "",
      stderr: expect.stringContaining("--yes"),
    });
    expect((await restart()).envelope).toMatchObject({ status: "pending", reference });
  });

  test.each(["zzzzzzzz", "no-reference", "", "../x"])(
    "is told that nothing has the reference %j",
    async (reference) => {
      expect(await approvals("approve", reference, "--yes")).toMatchObject({
        code: 1,
        stdout: "",
        stderr: expect.stringMatching(/^cos: No request for approval has this reference\.\nhint: /),
      });
    },
  );

  test("watches requests come and go, as lines and as JSON, until Ctrl-C", async () => {
    const watching = [installation.start(["approvals", "watch"]), installation.start(["approvals", "watch", "--json"])];
    const reference = await ask();
    for (const watch of watching) await watch.printed(reference);
    await approvals("deny", reference);
    for (const watch of watching) {
      await watch.printed("denied");
      watch.kill("SIGINT");
    }
    const [lines, json] = await Promise.all(watching.map(({ ended }) => ended));
    expect(lines).toMatchObject({ code: 130, stderr: "" });
    expect(lines?.stdout).toMatch(new RegExp(`^requested  ${reference} .*\\n.*\\ndenied     ${reference} .*\\n.*\\n$`));
    expect(json).toMatchObject({ code: 130, stderr: "" });
    const events = json?.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(events).toMatchObject([
      { type: "change", what: "requested", approval: { reference } },
      { type: "change", what: "denied", approval: { reference } },
    ]);
  });
});

describe("cos run that needs an approval", () => {
  const job = ["run", "--pull", "never", "--label", `user.test=${mark}`, "busybox", "-c", "echo done"];

  /** Starts it, and waits until it waits. */
  async function startWaiting(flags: readonly string[] = []) {
    const [command = "", ...rest] = job;
    const started = installation.start([command, ...flags, ...rest]);
    await started.printed("cos approvals approve ", "stderr");
    const { stdout } = await approvals("ls", "--json");
    const waiting = JSON.parse(stdout) as { reference: string; operation: string }[];
    return { started, reference: waiting.find(({ operation }) => operation === "container_run")?.reference ?? "" };
  }

  test("waits, and goes on after the yes", async () => {
    const { started, reference } = await startWaiting();
    expect((await approvals("approve", reference, "--yes")).code).toBe(0);
    expect(await started.ended).toMatchObject({ code: 0, stdout: "done\n" });
    expect(installation.auditEvents().at(-1)).toMatchObject({ stage: "succeeded", consent: "approval", reference });
  });

  test("says with --quiet no more than what to approve", async () => {
    const { started, reference } = await startWaiting(["--quiet"]);
    await approvals("approve", reference, "--yes");
    expect((await started.ended).stderr).toBe(
      `Waiting up to 15 min for approval; elsewhere: cos approvals approve ${reference}\n`,
    );
  });

  test("ends with 125 after the no, and says what the person said", async () => {
    const { started, reference } = await startWaiting();
    await approvals("deny", reference, "--comment", "not this image");
    expect(await started.ended).toMatchObject({
      code: 125,
      stdout: "",
      stderr: expect.stringContaining("cos: A person said no: not this image\n"),
    });
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("ends with its exit code by %s while it waits, and nothing waits any more", async (signal, code) => {
    const { started } = await startWaiting();
    started.kill(signal);
    expect(await started.ended).toMatchObject({ code, stdout: "" });
    expect((await approvals("ls")).stdout).toBe("Nothing waits for approval.\n");
  });

  test("says with --json what it waits for as one JSON object", async () => {
    const [command = "", ...rest] = job;
    const started = installation.start([command, "--json", ...rest]);
    await started.printed("\n", "stderr");
    const { stdout } = await approvals("ls", "--json");
    const [{ reference } = { reference: "" }] = JSON.parse(stdout) as { reference: string }[];
    await approvals("approve", reference, "--yes");
    const ended = await started.ended;
    expect(JSON.parse(ended.stderr)).toMatchObject({ pending: { reference, rule: "ask-a-person" } });
    expect(JSON.parse(ended.stdout)).toMatchObject({ exitCode: 0, stdout: "done\n" });
  });
});
