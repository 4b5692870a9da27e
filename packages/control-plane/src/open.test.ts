import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openControlPlane } from "./open.ts";

const caller = { kind: "script", name: "user", hostRoots: [] } as const;

test("a call fails while the key is damaged, for it cannot be recorded; one that finds no engine fails and is recorded", async () => {
  const directory = mkdtempSync(join(tmpdir(), "cos-open-"));
  const keyFile = join(directory, "key.json");
  const audit = join(directory, "audit");
  const env = { COS_KEY_FILE: keyFile, COS_AUDIT_DIR: audit, DOCKER_HOST: `unix://${directory}/none.sock` };
  const controlPlane = openControlPlane({ writer: "test", env });
  const ping = () => controlPlane.perform({ operation: "ping", input: {}, caller });
  try {
    writeFileSync(keyFile, "not a key", { mode: 0o600 });
    await expect(ping()).rejects.toMatchObject({ code: "failed_precondition" });
    rmSync(keyFile);
    await expect(ping()).rejects.toMatchObject({ code: "unavailable" });

    const file = readdirSync(audit).find((name) => name.startsWith("audit-")) ?? "";
    const lines = readFileSync(join(audit, file), "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ stage: "failed", operation: "ping", code: "unavailable" }),
    ]);
  } finally {
    await controlPlane.close();
    rmSync(directory, { recursive: true, force: true });
  }
});

test("an engine that is not there does not answer, and that somebody asked is no call", async () => {
  const directory = mkdtempSync(join(tmpdir(), "cos-open-"));
  const audit = join(directory, "audit");
  const env = {
    COS_KEY_FILE: join(directory, "key.json"),
    COS_AUDIT_DIR: audit,
    DOCKER_HOST: `unix://${directory}/none.sock`,
  };
  const controlPlane = openControlPlane({ writer: "test", env });
  try {
    const signal = AbortSignal.timeout(10_000);
    expect(await controlPlane.answers("local", signal)).toBe(false);
    expect(await controlPlane.answers("elsewhere", signal)).toBe(false);
    expect(existsSync(audit)).toBe(false);
  } finally {
    await controlPlane.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
