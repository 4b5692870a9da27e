import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditRecord } from "@cos/control-plane";
import { connectStdio } from "@cos/mcp-server/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { removeByLabel, startUnmanaged } from "./testing/engine.ts";

const mark = `cli-audit-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
const web = `${mark}-web`;
let installation: Installation;
let id: string;

beforeAll(async () => {
  id = await startUnmanaged(web, { "user.test": mark });
});
afterAll(() => removeByLabel(label));

/** A log with five calls in it: seven records. */
async function makeLog(): Promise<Installation> {
  const made = makeInstallation();
  await made.cos(["ping"]);
  await made.cos(["run", "--pull", "never", "--label", label, "busybox", "-c", "true"]);
  await made.cos(["restart", "--grace", "0", web]);
  await made.cos(["restart", web, "--read-only"]);
  await made.cos(["logs", "../x"]);
  return made;
}

const audit = (...args: string[]) => installation.cos(["audit", ...args]);
/** What a command prints as JSON lines. */
async function records(...args: string[]): Promise<AuditRecord[]> {
  const { code, stdout, stderr } = await audit(...args, "--json");
  expect([code, stderr]).toEqual([0, ""]);
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as AuditRecord]));
}
const toShort = ({ operation, stage }: AuditRecord) => `${operation} ${stage}`;
const all = [
  "ping read",
  "container_run started",
  "container_run succeeded",
  "container_restart started",
  "container_restart succeeded",
  "container_restart denied",
  "container_logs denied",
];

describe("what was done", () => {
  beforeAll(async () => {
    installation = await makeLog();
  });
  afterAll(() => installation.remove());

  test("is shown by cos audit tail, the newest last, as it stands in the log", async () => {
    expect(await records("tail")).toEqual(installation.auditEvents());
    expect((await records("tail")).map(toShort)).toEqual(all);
    expect((await records("tail", "-n", "2")).map(toShort)).toEqual(all.slice(-2));
    const { stdout } = await audit("tail", "--lines", "3");
    const [, denied] = stdout.split("\n");
    expect(stdout.trimEnd().split("\n")).toHaveLength(3);
    expect(denied).toMatch(
      new RegExp(
        `^20\\S+Z  denied     container_restart  script:user  ${web} \\(${id.slice(0, 12)}\\)  rule=read-only  call=[0-9a-f]{8}$`,
      ),
    );
  });

  test.each<readonly [readonly string[], readonly string[]]>([
    [[], all],
    [["--operation", "container_run"], all.slice(1, 3)],
    [["--outcome", "denied"], all.slice(5)],
    [
      ["--outcome", "denied", "read"],
      [all[0] ?? "", ...all.slice(5)],
    ],
    [["--caller", "script"], all],
    [["--caller", "user"], all],
    [["--caller", "script:user"], all],
    [["--caller", "agent"], []],
    [["--caller", "stdio"], []],
    [["--target", web.slice(4)], all.slice(3, 6)],
    [["--target", web, "--outcome", "denied"], all.slice(5, 6)],
    [["--since", "1h"], all],
    [["--until", "1h"], []],
    [["--since", "2999-01-01"], []],
    [["--until", "2999-01-01T00:00Z"], all],
    [["--limit", "1"], all.slice(-1)],
    [["--operation", "container_restart", "--limit", "2"], all.slice(4, 6)],
  ])("is found by cos audit query %j", async (filter, expected) => {
    expect((await records("query", ...filter)).map(toShort)).toEqual(expected);
  });

  test("is found by the start of a target's id", async () => {
    expect((await records("query", "--target", id.slice(0, 12))).map(toShort)).toEqual(all.slice(3, 6));
  });

  test.each([
    [["query", "--outcome", "refused"], /Allowed choices are/],
    [["query", "--since", "yesterday"], /expected a time like/],
    [["query", "--since", "1"], /expected a time like/],
    [["tail", "-n", "0"], /expected a whole number above 0/],
    [["tail", "--follows"], /unknown option '--follows'\n\(Did you mean --follow\?\)\nTry: cos audit tail --help/],
    [["show"], /missing required argument 'call'/],
    [["verifi"], /unknown command 'verifi'\n\(Did you mean verify\?\)\nTry: cos audit --help/],
  ])("is a mistake to ask for as cos audit %j", async (args, message) => {
    const ended = await audit(...args);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toMatch(message);
  });

  test("is shown whole by cos audit show, by a call's id or its start", async () => {
    const [, started, succeeded] = installation.auditEvents();
    const callId = started?.callId ?? "";
    const { code, stdout } = await audit("show", callId.slice(0, 8));
    expect(code).toBe(0);
    expect(stdout).toContain(`${started?.time}  started\n`);
    expect(stdout).toContain(`${succeeded?.time}  succeeded\n`);
    expect(stdout).toContain(`\n  callId: ${callId}\n`);
    expect(stdout).toContain('\n  caller: {"kind":"script","name":"user"}\n');
    expect(JSON.parse((await audit("show", callId, "--json")).stdout)).toEqual([started, succeeded]);
  });

  test("is not shown when it is not clear which call is meant, or there is none", async () => {
    expect(await audit("show", "")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^cos: 5 calls have an id that begins with ""\.\nhint: /),
    });
    expect(await audit("show", "no-such-call")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^cos: There is no record of a call "no-such-call"\.\nhint: /),
    });
  });
});

describe("a caller that writes what it likes", () => {
  test("begins no line of its own in what is shown, moves no cursor, and hides nothing", async () => {
    installation = makeInstallation();
    try {
      const names = ["x\n2026-01-01T00:00:00.000Z  succeeded  forged", "\u001b[2J\u001b[31mred", "a\u202eb\u2028c\td"];
      await using agent = await connectStdio({ env: installation.env });
      for (const name of names) await agent.call(name);
      const { stdout } = await audit("tail");
      expect(stdout.trimEnd().split("\n")).toHaveLength(names.length);
      const [first] = await records("tail", "-n", "1");
      const shown = await audit("show", first?.callId ?? "");
      for (const text of [stdout, shown.stdout]) expect(text).toMatch(/^[ -~\n]+$/);
      expect((await records("tail")).map(({ operation }) => operation)).toEqual(names);
    } finally {
      installation.remove();
    }
  });
});

describe("cos audit tail --follow", () => {
  beforeAll(async () => {
    installation = await makeLog();
  });
  afterAll(() => installation.remove());

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("goes on with what every process writes, until %s", async (signal, code) => {
    const follow = installation.start(["audit", "tail", "-n", "1", "--follow"]);
    await follow.printed("container_logs");
    expect((await installation.cos(["ping"])).code).toBe(0);
    await follow.printed("ping  script:user");
    await using agent = await connectStdio({ env: installation.env });
    await agent.call("no_such_tool");
    await follow.printed("no_such_tool  stdio:agent  rule=unknown-operation");
    follow.kill(signal);
    const ended = await follow.ended;
    expect(ended).toMatchObject({ code, stderr: "" });
    expect(ended.stdout.trimEnd().split("\n")).toHaveLength(3);
    await installation.cos(["logs", "../x"]);
  });

  test("shows only what is asked for, also as JSON lines", async () => {
    const follow = installation.start(["audit", "tail", "--follow", "--json", "--operation", "ping"]);
    await follow.printed('"ping"');
    await installation.cos(["logs", "../x"]);
    await installation.cos(["ping", "--read-only"]);
    const [newest] = installation.auditEvents().slice(-1);
    await follow.printed(newest?.callId ?? "");
    follow.kill("SIGINT");
    const { code, stdout } = await follow.ended;
    expect(code).toBe(130);
    const shown = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as AuditRecord);
    expect(shown).toEqual(installation.auditEvents().filter(({ operation }) => operation === "ping"));
  });

  test("says so when there is nothing to follow yet", async () => {
    const empty = makeInstallation();
    try {
      expect(await empty.cos(["audit", "tail"])).toMatchObject({ code: 0, stdout: "" });
      const ended = await empty.cos(["audit", "tail", "--follow"]);
      expect(ended).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("cannot be followed") });
    } finally {
      empty.remove();
    }
  });
});

describe("cos audit verify", () => {
  let file: string;
  beforeEach(async () => {
    installation = await makeLog();
    const [name = ""] = readdirSync(installation.auditDirectory).filter((entry) => entry.endsWith(".jsonl"));
    file = join(installation.auditDirectory, name);
    return () => installation.remove();
  });

  const verification = async () => {
    const { code, stdout } = await audit("verify", "--json");
    return { code, ...(JSON.parse(stdout) as { intact: boolean; findings: unknown[] }) };
  };

  test("finds nothing in a log that is as cos wrote it: exit code 0", async () => {
    expect(await audit("verify")).toMatchObject({ code: 0, stdout: "intact: 7 records in 1 files\n", stderr: "" });
    expect(await verification()).toEqual({ code: 0, intact: true, records: 7, files: 1, findings: [] });
  });

  test.each<readonly [string, string, (lines: string[]) => readonly string[]]>([
    ["a changed word", "altered-record", (lines) => lines.map((line) => line.replace("denied", "failed"))],
    ["a line that is gone", "gap", (lines) => lines.filter((_, at) => at !== 2)],
    ["lines in another order", "broken-chain", (lines) => lines.toReversed()],
    ["a line of somebody's own", "unreadable-line", ([first = "", ...rest]) => [first, "{}", ...rest]],
    ["a cut end", "truncated", (lines) => lines.slice(0, -1)],
  ])("finds %s: exit code 1", async (_, kind, change) => {
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    writeFileSync(file, `${change(lines).join("\n")}\n`);
    const { code, stdout } = await audit("verify");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^BROKEN: \d records in 1 files\nBROKEN {2}/);
    expect(await verification()).toMatchObject({
      code: 1,
      intact: false,
      findings: expect.arrayContaining([
        expect.objectContaining({
          kind,
          broken: true,
        }),
      ]),
    });
  });

  test("and then nothing is done any more, until the operator has looked", async () => {
    truncateSync(file, readFileSync(file).length - 10);
    for (const args of [["ping"], ["restart", web], ["ps", "--read-only"]]) {
      expect(await installation.cos(args)).toMatchObject({
        code: 1,
        stdout: "",
        stderr: expect.stringMatching(/^cos: The audit log is not as cos left it\.\nhint: .*cos audit verify/),
      });
    }
    expect((await audit("verify")).code).toBe(1);
  });

  test("remarks on a change whose outcome nobody saw: exit code 3", async () => {
    const job = installation.start([
      "run",
      "--pull",
      "never",
      "--label",
      label,
      "--ttl",
      "600",
      "busybox",
      "-c",
      "echo ready; sleep 600",
    ]);
    await job.printed("ready");
    job.kill("SIGKILL");
    await job.ended;
    const { code, stdout } = await audit("verify");
    expect(code).toBe(3);
    expect(stdout).toMatch(/^intact: 8 records in 1 files\nremark {2}no-outcome {2}audit-\d{8}-cli\.jsonl:8 {2}/);
    expect(await verification()).toMatchObject({
      code: 3,
      intact: true,
      findings: [{ kind: "no-outcome", broken: false }],
    });
  });
});
