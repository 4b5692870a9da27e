import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { askEngine, removeByLabel, standingOf, startUnmanaged } from "./testing/engine.ts";
import { ctrlC, ctrlD, startAtTerminal } from "./testing/terminal.ts";

const mark = `cli-consent-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
/** A container that cos did not make, so that its removal is asked about. */
const web = `${mark}-web`;
const removal = ["rm", "--force", web];
let installation: Installation;
let id: string;

beforeAll(() => {
  installation = makeInstallation();
});
beforeEach(async () => {
  id = await startUnmanaged(web, { "user.test": mark });
});
afterEach(() => removeByLabel(label));
afterAll(() => installation.remove());

const question = "Go ahead? [y/N] ";

/** At a terminal: sees the question, and answers. */
async function answer(keys: string, args: readonly string[] = removal) {
  const terminal = startAtTerminal(installation, args);
  await terminal.shows(question);
  terminal.type(keys);
  return await terminal.ended;
}

describe("a change that needs a yes, at a terminal", () => {
  test.each(["y\n", "YES\n", " y \n"])("is shown and asked about, and done for %j", async (keys) => {
    const before = installation.auditEvents();
    const { code, shown } = await answer(keys);
    expect(code).toBe(0);
    expect(shown).toContain(`Remove container ${web} (${id.slice(0, 12)}): image busybox`);
    expect(shown).toContain("It runs and is killed first.");
    expect(await standingOf(id)).toBeUndefined();
    const [previewed, ...done] = installation.auditEvents(before);
    expect(previewed).toMatchObject({ stage: "previewed", caller: { kind: "terminal", name: "user" }, target: { id } });
    expect(done).toMatchObject(
      ["started", "succeeded"].map((stage) => ({ stage, consent: "person", confirms: previewed?.callId })),
    );
  });

  test.each([
    ["n", "n\n", 125],
    ["Enter", "\n", 125],
    ["anything else", "yep\n", 125],
    ["the end of the input", ctrlD, 125],
    ["Ctrl-C", ctrlC, 130],
  ])("is not done for %s", async (_, keys, expected) => {
    const before = installation.auditEvents();
    const standing = await standingOf(id);
    const { code, shown } = await answer(keys);
    expect(code).toBe(expected);
    if (expected === 125) expect(shown).toContain("Nothing was changed: the answer was not yes.");
    expect(await standingOf(id)).toEqual(standing);
    expect(installation.auditEvents(before)).toMatchObject([{ stage: "previewed" }]);
  });

  test("is not asked about with --yes, and the log tells the difference", async () => {
    const { code, shown } = await startAtTerminal(installation, [...removal, "--yes"]).ended;
    expect(code).toBe(0);
    expect(shown).not.toContain(question);
    expect(installation.auditEvents().at(-1)).toMatchObject({
      stage: "succeeded",
      consent: "assumed",
      caller: { kind: "terminal" },
    });
  });

  test("is not done when what was shown has changed before the answer", async () => {
    const terminal = startAtTerminal(installation, removal);
    await terminal.shows(question);
    await askEngine("POST", `/containers/${id}/restart?t=1`);
    const standing = await standingOf(id);
    terminal.type("y\n");
    const { code, shown } = await terminal.ended;
    expect(code).toBe(125);
    expect(shown).toContain("or what it was about has changed. Nothing was done.");
    expect(await standingOf(id)).toEqual(standing);
  });

  test("is not asked about where nobody would see the question", async () => {
    const { code } = await startAtTerminal(installation, removal, { redirection: "2>/dev/null" }).ended;
    expect(code).toBe(125);
    expect(await standingOf(id)).toMatchObject({ status: "running" });
  });

  test("is a job, too, when the rules say so", async () => {
    const policyFile = installation.writePolicy(
      "rules: [{ name: ask, operation: container_run, decision: confirm, reason: Jobs are asked about here. }]\n",
    );
    const job = ["run", "--policy", policyFile, "--pull", "never", "--label", label, "busybox", "-c", "echo out"];
    const yes = await answer("y\n", job);
    expect(yes).toMatchObject({ code: 0, shown: expect.stringMatching(/Jobs are asked about here\.[^]*\r\nout\r\n$/) });
    const no = await answer("n\n", job);
    expect(no).toMatchObject({ code: 125, shown: expect.not.stringContaining("\r\nout") });
    installation.writePolicy("rules: []\n");
  });
});

describe("a change that needs a yes, in a script", () => {
  test("is not done without --yes, and the message says so", async () => {
    const before = installation.auditEvents();
    const ended = await installation.cos(removal, { stdin: "y\n" });
    expect(ended).toMatchObject({ code: 125, stdout: "" });
    expect(ended.stderr).toMatch(
      new RegExp(`^cos: This needs a yes: Remove container ${web} .*\nhint: .* --yes\\.\n$`),
    );
    expect(await standingOf(id)).toMatchObject({ status: "running" });
    expect(installation.auditEvents(before)).toMatchObject([{ stage: "previewed", caller: { kind: "script" } }]);
  });

  test("is an error with its preview with --json", async () => {
    const { code, stdout, stderr } = await installation.cos([...removal, "--json"]);
    expect([code, stdout]).toEqual([125, ""]);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: "denied", details: { preview: { changes: { action: "remove", container: { id } } } } },
    });
  });

  test("is done with --yes, which the log shows as assumed", async () => {
    const before = installation.auditEvents();
    const ended = await installation.cos([...removal, "--yes"]);
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^removed /), stderr: "" });
    expect(await standingOf(id)).toBeUndefined();
    expect(installation.auditEvents(before)).toMatchObject([
      { stage: "previewed" },
      { stage: "started", consent: "assumed" },
      { stage: "succeeded", consent: "assumed" },
    ]);
  });
});

describe("a change that the rules deny", () => {
  test.each([
    ["--read-only", ["--read-only"], {}],
    ["COS_READ_ONLY", [], { COS_READ_ONLY: "1" }],
  ])("by %s is not asked about, and --yes does not help", async (_, flags, env) => {
    const ended = await installation.cos([...removal, "--yes", ...flags], { env });
    expect(ended).toMatchObject({
      code: 125,
      stdout: "",
      stderr:
        "cos: cos runs read-only: it answers questions and changes nothing.\nhint: By the rule read-only. See: cos policy show\n",
    });
    expect(await standingOf(id)).toMatchObject({ status: "running" });
    expect(await installation.cos(["ps", "--quiet", ...flags], { env })).toMatchObject({ code: 0 });
  });

  test("is data with --json", async () => {
    const { code, stdout, stderr } = await installation.cos(["restart", web, "--read-only", "--json"]);
    expect([code, stdout]).toEqual([125, ""]);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "denied", details: { rule: "read-only" } } });
  });
});
