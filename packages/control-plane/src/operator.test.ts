import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openOperator } from "./operator.ts";
import { person } from "./testing/bench.ts";

let home: string;
let env: NodeJS.ProcessEnv;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "cos-operator-"));
  mkdirSync(join(home, "config"));
  env = { XDG_CONFIG_HOME: join(home, "config"), XDG_STATE_HOME: join(home, "state") };
});
afterEach(() => rmSync(home, { recursive: true }));

const request = { operation: "container_restart", targetName: "web-*", callerName: "agent", uses: 2, forSeconds: 60 };

describe("a grant", () => {
  test("holds once it is added, and until it is revoked; the log has both", async () => {
    const { grants, audit } = openOperator({ env });
    const grant = grants.define(request, person);
    expect(grants.list()).toEqual([]);
    grants.add(grant, person);
    expect(grants.list()).toEqual([grant]);
    expect(grants.revoke(grant.id, person)).toEqual(grant);
    expect(grants.list()).toEqual([]);
    const stages: string[] = [];
    for await (const { operation, stage } of audit.read({})) stages.push(`${operation} ${stage}`);
    expect(stages).toEqual([
      "grant_add started",
      "grant_add succeeded",
      "grant_revoke started",
      "grant_revoke succeeded",
    ]);
    expect(await audit.verify()).toMatchObject({ intact: true, records: 4, findings: [] });
  });

  test("that cannot be added is recorded as failed", async () => {
    const { grants, audit } = openOperator({ env });
    const grant = grants.define(request, person);
    grants.add(grant, person);
    expect(() => grants.add(grant, person)).toThrow(expect.objectContaining({ code: "already_exists" }));
    for await (const last of audit.read({ last: 1 })) {
      expect(last).toMatchObject({ operation: "grant_add", stage: "failed", code: "already_exists" });
    }
    expect.assertions(2);
  });

  test.each([
    [{ operation: "container_list" }, "nothing to grant"],
    [{ operation: "no_such" }, "nothing to grant"],
    [{ callerName: "user" }, "reserved"],
    [{ targetName: "" }, "not valid"],
  ])("is refused with %j", (wrong, message) => {
    const { grants } = openOperator({ env });
    expect(() => grants.define({ ...request, ...wrong }, person)).toThrow(
      expect.objectContaining({ code: "invalid_argument", message: expect.stringContaining(message) }),
    );
  });

  test("that does not exist cannot be revoked", () => {
    expect(() => openOperator({ env }).grants.revoke("none", person)).toThrow(
      expect.objectContaining({ code: "not_found" }),
    );
  });
});

describe("the rules", () => {
  test("in force are cos's own, the operator's before them, and read-only before all", async () => {
    const names = async (more: NodeJS.ProcessEnv = {}) =>
      (await openOperator({ env: { ...env, ...more } }).policy.load()).rules.map(({ name }) => name);
    const own = await names();
    expect(own.length).toBeGreaterThan(5);
    const policyFile = join(home, "policy.yaml");
    writeFileSync(policyFile, "rules: [{name: mine, decision: deny, reason: No., operation: ping}]\n");
    expect(await names({ COS_POLICY: policyFile })).toEqual(["mine", ...own]);
    expect(await names({ COS_POLICY: policyFile, COS_READ_ONLY: "1" })).toEqual(["read-only", "mine", ...own]);
  });

  test("of the operator that never decide are found; cos's own are not the operator's to mend", async () => {
    const policyFile = join(home, "policy.yaml");
    writeFileSync(
      policyFile,
      "rules:\n  - {name: all, decision: deny, reason: No.}\n  - {name: late, decision: allow, reason: Yes., operation: ping}\n",
    );
    expect(await openOperator({ env, policyFile }).policy.check()).toMatchObject({
      rules: 2,
      findings: [{ rule: "late", kind: "shadowed", by: ["all"] }],
    });
    expect(await openOperator({ env }).policy.check()).toEqual({ rules: 0, findings: [] });
    // What an agent sees beside its calls is decided about, too.
    const file = join(home, "view.yaml");
    writeFileSync(
      file,
      "rules: [{name: no-view, decision: deny, reason: No., operation: [policy_show, audit_recent]}]\n",
    );
    expect(await openOperator({ env, policyFile: file }).policy.check()).toEqual({ rules: 1, findings: [] });
  });

  test("are compared with expectations", async () => {
    const file = join(home, "tests.yaml");
    writeFileSync(
      file,
      "tests:\n  - {operation: ping, callerKind: stdio, expect: allow}\n  - {operation: ping, callerKind: stdio, expect: deny}\n",
    );
    expect((await openOperator({ env }).policy.test(file)).map(({ passed }) => passed)).toEqual([true, false]);
    await expect(openOperator({ env }).policy.test(join(home, "none"))).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("the log", () => {
  test("of an installation that did nothing yet is intact, and no key is made to say so", async () => {
    expect(await openOperator({ env }).audit.verify()).toEqual({ intact: true, files: 0, records: 0, findings: [] });
    expect(() => rmSync(join(home, "config", "cos", "key.json"))).toThrow(/ENOENT/);
  });

  test("cannot be checked without the key it was written with", async () => {
    const operator = openOperator({ env });
    operator.grants.add(operator.grants.define(request, person), person);
    rmSync(join(home, "config", "cos", "key.json"));
    await expect(operator.audit.verify()).rejects.toMatchObject({ code: "failed_precondition" });
  });
});
