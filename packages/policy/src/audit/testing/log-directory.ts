import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { AuditEvent, AuditLog, AuditRecord } from "../event.ts";
import { openAuditLog } from "../log.ts";
import { type AuditVerification, verifyAuditLog } from "../verify.ts";

export const key = Buffer.from("5f".repeat(32), "hex");

/** An event like those of a call, with other members where a test is about them. */
export function sampleEvent(members: Partial<AuditEvent> = {}): AuditEvent {
  return {
    callId: "call-1",
    stage: "read",
    operation: "container_list",
    engine: "local",
    caller: { kind: "terminal", name: "user" },
    ...members,
  };
}

/** A directory for an audit log, which is not there yet, and ways to look at it and to spoil it. */
export function newLogDirectory() {
  const parent = mkdtempSync(join(tmpdir(), "cos-audit-"));
  const path = join(parent, "state", "audit");
  const file = (name: string): string => join(path, name);
  const read = (name: string): string => readFileSync(file(name), "latin1");
  const write = (name: string, content: string): void => writeFileSync(file(name), content, "latin1");
  const names = (): string[] => readdirSync(path).toSorted();

  const directory = {
    path,
    file,
    read,
    write,
    names,
    /** What the clock of `open` says. */
    now: new Date("2026-03-09T10:00:00.000Z"),
    open: (writer = "cli"): AuditLog =>
      openAuditLog({ directory: path, writer, key: () => key, now: () => directory.now }),
    /** Records events, each by a log of its own and a second after the one before. */
    record(events: readonly Partial<AuditEvent>[], writer = "cli"): void {
      for (const members of events) {
        directory.open(writer).record(sampleEvent(members));
        directory.now = new Date(directory.now.getTime() + 1_000);
      }
    },
    /** The lines of a file that end, as JSON. */
    records: (name: string): AuditRecord[] =>
      read(name)
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as AuditRecord),
    verify: (): Promise<AuditVerification> => verifyAuditLog({ directory: path, keys: [key] }),
    /** What is in the directory now, to be put back by `restore`. */
    save: (): ReadonlyMap<string, string> => new Map(names().map((name) => [name, read(name)])),
    restore(saved: ReadonlyMap<string, string>): void {
      for (const name of names()) rmSync(file(name), { recursive: true });
      for (const [name, content] of saved) write(name, content);
    },
    remove: (): void => rmSync(parent, { recursive: true, force: true }),
  };
  return directory;
}

/** Runs a program in a process of its own, with this package's `openAuditLog` and `withLock` and the arguments `args`. */
export function startProgram(program: string, ...args: readonly string[]) {
  const from = (file: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, file)).href);
  const script = `
    import { writeSync } from "node:fs";
    const { openAuditLog } = await import(${from("../log.ts")});
    const { withLock } = await import(${from("../../lock.ts")});
    const args = process.argv.slice(1);
    const say = (text) => writeSync(1, text + "\\n");
    ${program}
  `;
  const child = spawn(process.execPath, ["--conditions=@cos/source", "--input-type=module", "-e", script, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal, output }));
  return {
    child,
    ended,
    /** Resolves when it has said this much. */
    said: async (text: string): Promise<void> => {
      while (!output.includes(text))
        await Promise.race([
          once(child.stdout, "data"),
          ended.then(() => {
            throw new Error(`ended before it said ${text}`);
          }),
        ]);
    },
  };
}
