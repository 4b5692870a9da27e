import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Grant } from "@cos/control-plane";
import { connectStdio } from "@cos/mcp-server/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { removeByLabel, standingOf, startUnmanaged } from "./testing/engine.ts";
import { ctrlC, ctrlD, startAtTerminal } from "./testing/terminal.ts";

const mark = `cli-grants-${randomBytes(4).toString("hex")}`;
const web = `${mark}-web`;
let installation: Installation;
let id: string;

beforeAll(async () => {
  id = await startUnmanaged(web, { "user.test": mark });
});
afterAll(() => removeByLabel(`user.test=${mark}`));
beforeEach(() => {
  installation = makeInstallation();
});
afterEach(() => installation.remove());

const grantsFile = () => join(installation.home, "config", "cos", "grants.json");
const forWeb = ["container_restart", "--target", `${mark}-*`, "--caller", "agent"];
const list = async () => JSON.parse((await installation.cos(["grants", "ls", "--json"])).stdout) as Grant[];

/** Makes a grant at a terminal, and answers the question. */
async function add(words: readonly string[], keys = "y\n") {
  const terminal = startAtTerminal(installation, ["grants", "add", ...words]);
  await terminal.shows("Grant it? [y/N] ");
  terminal.type(keys);
  return await terminal.ended;
}

/** What an agent is answered that restarts the container, as often as it does. */
async function restart({ times = 1, args = [] as string[] } = {}): Promise<unknown[]> {
  await using agent = await connectStdio({ env: installation.env, args });
  const statuses: unknown[] = [];
  for (let call = 0; call < times; call++) {
    statuses.push((await agent.call("container_restart", { container: web, graceSeconds: 0 })).envelope["status"]);
  }
  return statuses;
}

describe("cos grants add", () => {
  test("says what is granted, asks, and records who granted it", async () => {
    const { code, shown } = await add([...forWeb, "--uses", "5", "--for", "2h", "--engine", "local"]);
    expect(code).toBe(0);
    expect(shown).toMatch(
      new RegExp(`^agent may container_restart ${mark}-\\* on local, 5 times until 2\\S+Z, without being asked\\.`),
    );
    const [grant] = await list();
    expect(shown).toContain(`${grant?.id}  agent may container_restart ${mark}-* on local  used 0 of 5  until `);
    expect(grant).toMatchObject({
      operation: "container_restart",
      targetName: `${mark}-*`,
      callerName: "agent",
      engine: "local",
      uses: 5,
      used: 0,
      createdBy: "user",
    });
    expect(Date.parse(grant?.expiresAt ?? "") - Date.parse(grant?.createdAt ?? "")).toBe(7_200_000);
    expect(installation.auditEvents()).toMatchObject(
      ["started", "succeeded"].map((stage) => ({
        stage,
        operation: "grant_add",
        caller: {
          kind: "terminal",
          name: "user",
        },
        target: { id: grant?.id },
      })),
    );
  });

  test.each([
    ["n", "n\n", 125],
    ["Enter", "\n", 125],
    ["Ctrl-D", ctrlD, 125],
    ["Ctrl-C", ctrlC, 130],
  ])("grants nothing for %s", async (_, keys, expected) => {
    expect((await add(forWeb, keys)).code).toBe(expected);
    expect(await list()).toEqual([]);
    expect(installation.auditEvents()).toEqual([]);
  });

  test("is for people: in a script it is refused, whatever the input says", async () => {
    const ended = await installation.cos(["grants", "add", ...forWeb], { stdin: "y\n" });
    expect(ended).toMatchObject({ code: 125, stdout: "", stderr: expect.stringContaining("at a terminal") });
    expect(existsSync(grantsFile())).toBe(false);
  });

  test.each([
    ["an operation that there is not", ["container_destroy", "--caller", "agent"], "nothing to grant"],
    ["a read", ["ping", "--caller", "agent"], "nothing to grant"],
    ["a name that no agent has", ["container_restart", "--caller", "user"], "is reserved"],
    ["a glob that is none", ["container_restart", "--caller", "agent", "--target", "[a-z]"], "only * and ?"],
  ])("refuses %s, and does not ask", async (_, words, message) => {
    const { code, shown } = await startAtTerminal(installation, ["grants", "add", ...words]).ended;
    expect(code).toBe(1);
    expect(shown).toContain(message);
    expect(shown).not.toContain("Grant it?");
    expect(await list()).toEqual([]);
  });

  test.each([
    ["no caller", ["container_restart"], /required option '--caller/],
    ["no uses at all", [...forWeb, "--uses", "0"], /expected a whole number above 0/],
    ["no time", [...forWeb, "--for", "0s"], /expected a length of time/],
    ["a time without its unit", [...forWeb, "--for", "10"], /expected a length of time/],
  ])("is a mistake with %s", async (_, words, message) => {
    const ended = await installation.cos(["grants", "add", ...words]);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr).toContain("Try: cos grants add --help");
  });
});

describe("a grant", () => {
  test("stands in for the confirmation as often as it says, and counts its uses", async () => {
    await add([...forWeb, "--uses", "2"]);
    const standing = await standingOf(id);
    expect(await restart({ times: 3 })).toEqual(["done", "done", "confirm"]);
    expect((await standingOf(id))?.startedAt).not.toBe(standing?.startedAt);
    const [grant] = await list();
    expect(grant).toMatchObject({ uses: 2, used: 2 });
    expect((await installation.cos(["grants", "ls"])).stdout).toContain("  used 2 of 2  ");
    const calls = installation.auditEvents().filter(({ operation }) => operation === "container_restart");
    const granted = { consent: "grant", reference: grant?.id, approver: "user" };
    const twice = [0, 1].flatMap(() => [
      { stage: "started", ...granted },
      { stage: "succeeded", ...granted },
    ]);
    expect(calls).toMatchObject([...twice, { stage: "previewed" }]);
  });

  test("covers its caller, its operation and its targets, and nothing else", async () => {
    await add([...forWeb, "--uses", "9"]);
    expect(await restart({ args: ["--as", "other"] })).toEqual(["confirm"]);
    await using agent = await connectStdio({ env: installation.env });
    expect(await agent.call("container_stop", { container: web })).toMatchObject({ envelope: { status: "confirm" } });
    await installation.cos(["grants", "revoke", (await list())[0]?.id ?? ""]);
    await add(["container_restart", "--target", "elsewhere-*", "--caller", "agent"]);
    await add(["container_restart", "--caller", "agent"]);
    expect(await restart()).toEqual(["confirm"]);
  });

  test("lifts no denial", async () => {
    await add(forWeb);
    expect(await restart({ args: ["--read-only"] })).toEqual(["denied"]);
    expect(await list()).toMatchObject([{ used: 0 }]);
  });

  test("holds until its time is over", async () => {
    await add(forWeb);
    const [grant] = await list();
    const past = { ...grant, createdAt: "2026-01-01T00:00:00.000Z", expiresAt: "2026-01-02T00:00:00.000Z" };
    writeFileSync(grantsFile(), JSON.stringify({ grants: [past] }));
    expect(await restart()).toEqual(["confirm"]);
    expect((await installation.cos(["grants", "ls"])).stdout).toMatch(/ {2}used 0 of 1 {2}expired\n$/);
  });

  test("is taken back at once, also for processes that run, and that is recorded", async () => {
    await add([...forWeb, "--uses", "9"]);
    await using agent = await connectStdio({ env: installation.env });
    const call = () => agent.call("container_restart", { container: web, graceSeconds: 0 });
    expect(await call()).toMatchObject({ envelope: { status: "done" } });
    const before = installation.auditEvents();
    const [grant] = await list();
    const revoked = await installation.cos(["grants", "revoke", grant?.id ?? ""]);
    expect(revoked).toMatchObject({ code: 0, stdout: expect.stringMatching(`^revoked ${grant?.id} `) });
    expect(await call()).toMatchObject({ envelope: { status: "confirm" } });
    expect(installation.auditEvents(before)).toMatchObject([
      {
        stage: "started",
        operation: "grant_revoke",
        caller: { kind: "script", name: "user" },
        target: { id: grant?.id },
      },
      { stage: "succeeded", operation: "grant_revoke" },
      { stage: "previewed", operation: "container_restart" },
    ]);
    expect(await installation.cos(["grants", "ls"])).toMatchObject({ code: 0, stdout: "No grants.\n" });
    expect(await installation.cos(["grants", "revoke", grant?.id ?? ""])).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^cos: There is no grant .*\nhint: See: cos grants ls\n$/),
    });
  });

  test("holds no more when its file is damaged, and then the operator is told", async () => {
    await add(forWeb);
    const text = readFileSync(grantsFile(), "utf8");
    writeFileSync(grantsFile(), text.replace('"uses"', '"useses"'));
    expect(await restart()).toEqual([undefined]);
    expect(await installation.cos(["grants", "ls"])).toMatchObject({ code: 1, stdout: "" });
  });
});
