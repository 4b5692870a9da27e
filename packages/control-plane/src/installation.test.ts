import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findPaths } from "./installation.ts";

describe("where an installation keeps what is its own", () => {
  const home = { HOME: "/home/ann" };

  test("is in the user's directories", () => {
    expect(findPaths(home)).toEqual({
      configDirectory: "/home/ann/.config/cos",
      keyFile: "/home/ann/.config/cos/key.json",
      auditDirectory: "/home/ann/.local/state/cos/audit",
      policyFile: undefined,
      grantsFile: "/home/ann/.config/cos/grants.json",
      accessTokensFile: "/home/ann/.config/cos/access-tokens.json",
      approversFile: "/home/ann/.config/cos/approvers.json",
      approverKeyFile: "/home/ann/.config/cos/approver.json",
      secretsFile: "/home/ann/.config/cos/secrets.yaml",
      runtimeDirectory: "/home/ann/.local/state/cos/run",
    });
  });

  test("follows the XDG variables, and cos's own before them", () => {
    const xdg = { ...home, XDG_CONFIG_HOME: "/c", XDG_STATE_HOME: "/s" };
    expect(findPaths(xdg)).toMatchObject({ keyFile: "/c/cos/key.json", auditDirectory: "/s/cos/audit" });
    expect(findPaths({ ...xdg, AUDIT_DIR: "/a" }).auditDirectory).toBe("/a");
    expect(findPaths({ ...xdg, COS_KEY_FILE: "/k/key.json", AUDIT_DIR: "/a", COS_AUDIT_DIR: "/b" })).toMatchObject({
      keyFile: "/k/key.json",
      auditDirectory: "/b",
    });
  });

  test("takes rules, access tokens, an approver's key and the runtime directory from elsewhere when told so", () => {
    const told = {
      COS_POLICY: "/p.yaml",
      COS_ACCESS_TOKENS: "/t.json",
      COS_APPROVER_KEY_FILE: "/a.json",
      COS_RUNTIME_DIR: "/run/cos",
    };
    expect(findPaths({ ...home, ...told })).toMatchObject({
      policyFile: "/p.yaml",
      accessTokensFile: "/t.json",
      approverKeyFile: "/a.json",
      runtimeDirectory: "/run/cos",
    });
  });

  test("finds the operator's rules beside the key, as YAML or JSON", () => {
    const config = mkdtempSync(join(tmpdir(), "cos-config-"));
    try {
      mkdirSync(join(config, "cos"));
      writeFileSync(join(config, "cos", "policy.json"), "{}");
      expect(findPaths({ XDG_CONFIG_HOME: config }).policyFile).toBe(join(config, "cos", "policy.json"));
      writeFileSync(join(config, "cos", "policy.yaml"), "{}");
      expect(findPaths({ XDG_CONFIG_HOME: config }).policyFile).toBe(join(config, "cos", "policy.yaml"));
    } finally {
      rmSync(config, { recursive: true });
    }
  });

  test("takes an empty variable for an unset one, and no relative XDG directory", () => {
    const empty = {
      ...home,
      XDG_CONFIG_HOME: "",
      XDG_STATE_HOME: "",
      COS_KEY_FILE: "",
      COS_AUDIT_DIR: "",
      AUDIT_DIR: "",
    };
    expect(findPaths(empty)).toEqual(findPaths(home));
    expect(findPaths({ ...home, XDG_CONFIG_HOME: "config", XDG_STATE_HOME: "./state" })).toEqual(findPaths(home));
    expect(findPaths({ HOME: "" })).toEqual(findPaths({ HOME: homedir() }));
  });
});
