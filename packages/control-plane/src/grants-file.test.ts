import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Grant, Question } from "@cos/policy";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type GrantsFile, openGrantsFile } from "./grants-file.ts";

const noon = new Date("2026-03-01T12:00:00.000Z");
const grant: Grant = {
  id: "g1",
  operation: "container_restart",
  targetName: "cos-web*",
  callerName: "agent",
  uses: 2,
  used: 0,
  createdAt: "2026-03-01T11:00:00.000Z",
  expiresAt: "2026-03-01T13:00:00.000Z",
  createdBy: "ann",
};
const question: Question = {
  operation: "container_restart",
  effect: "mutate",
  engine: "local",
  callerKind: "stdio",
  callerName: "agent",
  targetKind: "container",
  targetOwnership: "own",
  targetName: "cos-web",
};

let parent: string;
let path: string;
let grants: GrantsFile;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "cos-grants-"));
  path = join(parent, "config", "grants.json");
  grants = openGrantsFile(path);
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

describe("standing grants", () => {
  test("are none where there is no file, and asking for them makes nothing", () => {
    expect(grants.list()).toEqual([]);
    expect(grants.use(question, noon)).toBeUndefined();
    expect(() => grants.revoke("g1")).toThrow(expect.objectContaining({ code: "not_found" }));
    expect(readdirSync(parent)).toEqual([]);
  });

  test("are kept for this user alone, and read by every process", () => {
    grants.add(grant);
    grants.add({ ...grant, id: "g2" });
    expect(openGrantsFile(path).list()).toEqual([grant, { ...grant, id: "g2" }]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(dirname(path))).toEqual(["grants.json"]);
  });

  test("hold as often as they say, and every use is counted", () => {
    grants.add(grant);
    expect(grants.use(question, noon)).toMatchObject({ id: "g1", createdBy: "ann" });
    expect(grants.list()).toEqual([{ ...grant, used: 1 }]);
    expect(grants.use(question, noon)).toMatchObject({ id: "g1" });
    expect(grants.use(question, noon)).toBeUndefined();
    expect(grants.list()).toEqual([{ ...grant, used: 2 }]);
  });

  test("hold for what they cover, until they expire, and not after they were revoked", () => {
    grants.add(grant);
    const before = readFileSync(path, "utf8");
    expect(grants.use({ ...question, callerName: "other" }, noon)).toBeUndefined();
    expect(grants.use({ ...question, targetName: "cos-db" }, noon)).toBeUndefined();
    expect(grants.use(question, new Date(grant.expiresAt))).toBeUndefined();
    expect(readFileSync(path, "utf8")).toBe(before);
    grants.revoke("g1");
    expect(grants.use(question, noon)).toBeUndefined();
    expect(() => grants.revoke("g1")).toThrow(expect.objectContaining({ code: "not_found" }));
  });

  test("are added once, and only when they are right", () => {
    grants.add(grant);
    expect(() => grants.add({ ...grant, uses: 9 })).toThrow(expect.objectContaining({ code: "already_exists" }));
    expect(() => grants.add({ ...grant, id: "g2", uses: 0 })).toThrow(
      expect.objectContaining({ code: "invalid_argument" }),
    );
    expect(grants.list()).toEqual([grant]);
  });

  test.each(["", "{", "[]", '{"grants":[{}]}', JSON.stringify({ grants: [{ ...grant, uses: -1 }] })])(
    "are refused, all of them, when the file is damaged: %j",
    (text) => {
      mkdirSync(dirname(path));
      writeFileSync(path, text, { mode: 0o600 });
      const damaged = expect.objectContaining({ code: "failed_precondition" }) as Error;
      expect(() => grants.use(question, noon)).toThrow(damaged);
      expect(() => grants.list()).toThrow(damaged);
      expect(() => grants.add(grant)).toThrow(damaged);
      expect(() => grants.revoke("g1")).toThrow(damaged);
      expect(readFileSync(path, "utf8")).toBe(text);
    },
  );

  test.each([0o640, 0o604, 0o620, 0o602])("are refused when others can use the file (mode %o)", (mode) => {
    grants.add(grant);
    chmodSync(path, mode);
    expect(() => grants.use(question, noon)).toThrow(expect.objectContaining({ code: "failed_precondition" }));
    expect(() => grants.add({ ...grant, id: "g2" })).toThrow(expect.objectContaining({ code: "failed_precondition" }));
  });

  test("are used as often as they say by all processes together", async () => {
    grants.add({ ...grant, uses: 20 });
    grants.add({ ...grant, id: "g2", targetName: "cos-db", uses: 1000 });
    const module = pathToFileURL(join(import.meta.dirname, "grants-file.ts")).href;
    const script = `
      const { openGrantsFile } = await import(${JSON.stringify(module)});
      const [path, question, now] = process.argv.slice(1);
      const grants = openGrantsFile(path);
      const use = (targetName) => grants.use({ ...JSON.parse(question), targetName }, new Date(now)) !== undefined;
      process.stdout.write("ready");
      process.stdin.once("data", () => {
        let used = 0;
        for (let attempt = 0; attempt < 15; attempt++) {
          if (use("cos-web")) used++;
          use("cos-db");
        }
        process.stdout.write(String(used), () => process.exit());
      });
    `;
    const flags = ["--conditions=@cos/source", "--input-type=module", "-e", script];
    const facts = [path, JSON.stringify(question), noon.toISOString()];
    const start = () => spawn(process.execPath, [...flags, ...facts], { stdio: ["pipe", "pipe", "inherit"] });
    const users = [start(), start(), start()];
    try {
      await Promise.all(users.map(({ stdout }) => once(stdout, "data")));
      const answers = users.map(({ stdout }) => once(stdout, "data"));
      for (const { stdin } of users) stdin.write("go");
      const used = (await Promise.all(answers)).map(([text]) => Number(text));
      expect(used.reduce((sum, count) => sum + count)).toBe(20);
    } finally {
      for (const user of users) user.kill();
    }
    expect(grants.list().map((grant) => grant.used)).toEqual([20, 45]);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });
});
