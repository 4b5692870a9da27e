import { createSecretKey, type KeyObject } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { CosError } from "@cos/core";
import { withLock } from "../lock.ts";
import { type Head, type Heads, notAsLeft, readHeads, writeHeads } from "./checkpoint.ts";
import type { AuditEvent, AuditLog, AuditRecord } from "./event.ts";
import { dayOf, listLogFiles, lockName, logFile, parseFileName } from "./files.ts";
import { writeLine } from "./line.ts";
import { closeEvent, time as checkTime } from "./shape.ts";
import { openTail } from "./tail.ts";

export interface AuditLogOptions {
  /** Made, for the user alone, when it is not there. */
  readonly directory: string;
  /** Who writes, as part of the file's name; lower-case letters, digits and inner hyphens. Processes may share it. */
  readonly writer: string;
  /** The key for audit, derived from the installation's. Asked for when first needed; what it throws, `record` throws. */
  readonly key: () => Uint8Array;
  /** Keys for audit of the installation's retired keys: a log that was begun with one of them goes on with `key`. */
  readonly retiredKeys?: (() => readonly Uint8Array[]) | undefined;
  /** The clock; the system's unless given. */
  readonly now?: (() => Date) | undefined;
}

/** Most events of one write: less than what may stand after a checkpoint, however long they are. */
const longestBatch = 256;
const noHash = "0".repeat(64);

/**
 * The audit log in a directory. Nothing is read or made before the first record.
 *
 * @throws CosError `invalid_argument` for a writer that cannot be part of a file's name.
 */
export function openAuditLog({ directory, writer, key, retiredKeys, now }: AuditLogOptions): AuditLog {
  if (parseFileName(logFile("00000000", writer).name)?.writer !== writer) {
    throw new CosError("invalid_argument", "The name of the audit log's writer cannot be used.", {
      hint: "Use 1-64 lower-case letters, digits and inner hyphens.",
    });
  }
  let keys: Keys | undefined;
  let isMade = false;
  /** Of the last record that this process wrote, or saw another write. */
  let lastSeq = 0;
  let waiting: Waiting[] = [];
  let lastBatch = 0;

  const write = (events: readonly AuditEvent[]) => {
    keys ??= toKeys(key(), retiredKeys?.() ?? []);
    const parts = { directory, writer, keys, now: now ?? (() => new Date()), lastSeq };
    try {
      if (!isMade) mkdirSync(directory, { recursive: true, mode: 0o700 });
      isMade = true;
      checkDirectory(directory);
      lastSeq = withLock(join(directory, lockName), () => append(parts, events));
    } catch (cause) {
      if (CosError.is(cause)) throw cause;
      throw new CosError("failed_precondition", "The audit log cannot be written.", {
        hint: "Make its directory writable and see that the disk has room.",
        cause,
      });
    }
  };
  /** Writes what waits, and what came after it. */
  const writeWith = (...events: readonly AuditEvent[]) => {
    const batch = waiting;
    waiting = [];
    if (batch.length + events.length === 0) return;
    lastBatch = batch.length;
    try {
      write([...batch.map(({ event }) => event), ...events]);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
      throw error;
    }
  };

  return {
    record: (event) => writeWith(close(event)),
    async recordSoon(event) {
      const closed = close(event);
      await new Promise<void>((resolve, reject) => {
        waiting.push({ event: closed, resolve, reject });
        if (waiting.length === longestBatch) attempt(writeWith);
        else if (waiting.length > 1) return;
        // Where several callers go on as soon as they are answered, a moment brings them together again.
        else if (lastBatch > 1) setTimeout(() => attempt(writeWith), 1);
        else setImmediate(() => attempt(writeWith));
      });
    },
  };
}

/** An event that is not yet written, and who waits for that. */
interface Waiting {
  readonly event: AuditEvent;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function close(event: AuditEvent): AuditEvent {
  const closed = closeEvent(event);
  if (closed.stage === "recovered") {
    throw new CosError("invalid_argument", "Only the audit log itself records that it recovered.");
  }
  return closed;
}

function checkDirectory(directory: string): void {
  if ((statSync(directory).mode & 0o022) !== 0) {
    throw new CosError("failed_precondition", "The directory of the audit log can be written by other users.", {
      hint: `chmod go-w ${directory}`,
    });
  }
  accessSync(directory, constants.W_OK);
}

/** In the form in which Node computes with them fastest. */
type Keys = readonly [KeyObject, ...KeyObject[]];

function toKeys(key: Uint8Array, retired: readonly Uint8Array[]): Keys {
  return [createSecretKey(key), ...retired.map((other) => createSecretKey(other))];
}

interface Parts {
  readonly directory: string;
  readonly writer: string;
  /** The first one signs. */
  readonly keys: Keys;
  readonly now: () => Date;
  readonly lastSeq: number;
}

/** Writes events, after what a crash may have left undone. The directory is locked. Returns the last record's number. */
function append({ directory, writer, keys, now, lastSeq }: Parts, events: readonly AuditEvent[]): number {
  const heads = openHeads(directory, keys);
  const time = checkTime(now().toISOString(), "time");
  const today = logFile(dayOf(time), writer);

  const put = (head: Head): Head => {
    writeHeads(directory, keys[0], heads.set(writer, head));
    return head;
  };

  /** Writes lines and their checkpoint, or nothing. */
  const add = (
    file: number,
    { file: name, ...last }: Head,
    events: readonly AuditEvent[],
    torn?: AuditRecord["torn"],
  ): Head => {
    const backMs = Date.parse(last.time) - Date.parse(time);
    const clockBackMs = backMs > 0 ? backMs : undefined;
    let { seq, mac } = last;
    let text = torn === undefined ? "" : "\n";
    for (const event of events) {
      const isFirst = seq === last.seq;
      seq++;
      const place = { seq, time, writer, prev: mac };
      const line = writeLine(keys[0], isFirst ? { ...place, clockBackMs, torn } : place, event);
      text += `${line.text}\n`;
      ({ mac } = line);
    }
    const size = last.bytes + (torn?.bytes ?? 0);
    try {
      if (writeSync(file, text, null, "latin1") !== text.length) throw new Error("written in part");
      // Before the checkpoint: one that survives a power cut while its record does not would look like a record cut off.
      fdatasyncSync(file);
      if (last.bytes === 0) attempt(() => syncDirectory(directory));
      return put({ file: name, seq, mac, time, bytes: size + text.length });
    } catch (error) {
      attempt(() => ftruncateSync(file, size));
      throw error;
    }
  };

  /** Opens a head's file, closes the line that a crash may have left torn there, and goes on at its end. */
  const atEnd = (head: Head, next: (file: number, head: Head) => Head): Head => {
    const tail = openTail(directory, head, keys);
    try {
      return next(tail.file, tail.torn ? add(tail.file, tail.head, [recovered], tail.torn) : tail.head);
    } finally {
      closeSync(tail.file);
    }
  };

  const known = heads.get(writer);
  if ((known?.seq ?? 0) < lastSeq) throw notAsLeft("truncated");
  let head = known ?? put(firstHead(directory, today.name, writer, time));
  if (today.day > (parseFileName(head.file)?.day ?? "")) {
    head = atEnd(head, (_, last) => put({ ...last, file: today.name, bytes: 0 }));
  }
  return atEnd(head, (file, last) => add(file, last, events)).seq;
}

function openHeads(directory: string, keys: Keys): Heads {
  const heads = readHeads(directory, keys);
  if (heads === "altered") throw notAsLeft("altered-checkpoint");
  if (heads !== "missing") return heads;
  if (listLogFiles(directory).length > 0) throw notAsLeft("missing-checkpoint");
  return new Map();
}

/** Written before the writer's first file is made, as every new file's head is: files without a head are not cos's. */
function firstHead(directory: string, file: string, writer: string, time: string): Head {
  if (listLogFiles(directory).some((other) => other.writer === writer)) throw notAsLeft("missing-checkpoint");
  return { file, seq: 0, mac: noHash, time, bytes: 0 };
}

/** What the log records of itself. */
const recovered: AuditEvent = {
  callId: "",
  stage: "recovered",
  operation: "audit_recover",
  engine: "",
  caller: { kind: "reaper", name: "cos" },
};

/** Without it a new file may be on the disk and its name not. Some file systems cannot do it, and need not. */
function syncDirectory(directory: string): void {
  const parent = openSync(directory, constants.O_RDONLY);
  try {
    fsyncSync(parent);
  } finally {
    closeSync(parent);
  }
}

function attempt(body: () => void): void {
  try {
    body();
  } catch {
    // Nothing else can be done about it here.
  }
}
