import { closeSync, constants, fdatasyncSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { CosError } from "@cos/core";
import type { CallerKind, Effect } from "./policy.ts";

/** Longest value a line carries; longer ones are cut. Bytes after escaping may be six times as many. */
const maxValueLength = 1024;

/**
 * One thing that happened to a call. A change is recorded when it starts and when it ends, everything else once.
 * A change without an end is one whose outcome nobody saw.
 */
export interface AuditEvent {
  readonly callId: string;
  readonly stage: "denied" | "read" | "started" | "succeeded" | "failed" | "unknown";
  readonly operation: string;
  readonly effect?: Effect | undefined;
  readonly engine: string;
  readonly caller: { readonly kind: CallerKind; readonly name: string };
  readonly target?: { readonly kind: string; readonly id: string; readonly name: string } | undefined;
  /** SHA-256 of the canonical input; the input itself may hold secrets. */
  readonly inputDigest?: string | undefined;
  readonly rule?: string | undefined;
  /** The error's code, where the call ended with one. */
  readonly code?: string | undefined;
}

/** Where audit events go. */
export interface AuditLog {
  /**
   * Writes an event. When it returns, the event is in the log; a `started` event is on the disk.
   *
   * @throws CosError `failed_precondition` when it cannot be written.
   */
  record(event: AuditEvent): void;
}

/**
 * An audit log of JSON lines, one file per UTC day and writer, in a directory only the user can read. Each line is
 * plain ASCII and is written at once, so that lines of several processes do not mix.
 *
 * @param writer who writes, as part of the file's name.
 * @param now the clock; the system's unless given.
 */
export function openAuditLog(directory: string, writer: string, now: () => Date = () => new Date()): AuditLog {
  return {
    record(event) {
      const time = now();
      const file = join(directory, `audit-${time.toISOString().slice(0, 10).replaceAll("-", "")}-${writer}.jsonl`);
      const line = `${toAsciiJson({ time: time.toISOString(), ...event })}\n`;
      try {
        append(directory, file, line, event.stage === "started");
      } catch (cause) {
        throw new CosError("failed_precondition", "The audit log cannot be written.", {
          hint: `Check ${directory}, or set COS_AUDIT_DIR to a directory that you can write.`,
          cause,
        });
      }
    },
  };
}

function append(directory: string, file: string, line: string, durable: boolean): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
  const descriptor = openSync(file, flags, 0o600);
  try {
    if (writeSync(descriptor, line) !== line.length) throw new Error("short write");
    if (durable) fdatasyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function toAsciiJson(value: object): string {
  const cut = (_: string, member: unknown) =>
    typeof member === "string" && member.length > maxValueLength ? `${member.slice(0, maxValueLength)}...` : member;
  return JSON.stringify(value, cut).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
