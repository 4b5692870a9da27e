import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An installation of cos of its own, with nothing of the user's. */
export interface Installation {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** Writes a policy to a file, and answers with its name. */
  writePolicy(text: string): string;
  /** The audit log's events so far. */
  auditEvents(): readonly Readonly<Record<string, unknown>>[];
  /** The sockets on which processes wait for approvers. */
  approvalSockets(): readonly string[];
  remove(): void;
}

export function makeInstallation(): Installation {
  const home = mkdtempSync(join(tmpdir(), "cos-mcp-"));
  const [auditDirectory, runtimeDirectory] = [join(home, "audit"), join(home, "run")];
  const ownPlaces = {
    XDG_CONFIG_HOME: home,
    XDG_STATE_HOME: home,
    COS_AUDIT_DIR: auditDirectory,
    COS_RUNTIME_DIR: runtimeDirectory,
  };
  const list = (directory: string) => (existsSync(directory) ? readdirSync(directory) : []);
  return {
    home,
    env: { ...process.env, ...ownPlaces },
    writePolicy(text) {
      const file = join(home, "rules.yaml");
      writeFileSync(file, text);
      return file;
    },
    auditEvents: () =>
      list(auditDirectory)
        .filter((file) => file.endsWith(".jsonl"))
        .flatMap((file) => readFileSync(join(auditDirectory, file), "utf8").split("\n"))
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    approvalSockets: () => list(runtimeDirectory).filter((file) => file.endsWith(".sock")),
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}
