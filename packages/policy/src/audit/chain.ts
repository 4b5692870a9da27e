import { createHash, type Hash, type KeyObject } from "node:crypto";
import type { Head } from "./checkpoint.ts";
import type { AuditRecord } from "./event.ts";
import { parseLine } from "./line.ts";
import type { Line } from "./lines.ts";
import { sealOf } from "./seal.ts";

/** What is wrong with, or to be known of, one writer's records. `file` is a name in the directory, `line` counts from 1. */
export interface AuditFinding {
  readonly kind:
    | "broken-chain"
    | "altered-record"
    | "gap"
    | "truncated"
    | "missing-file"
    | "missing-checkpoint"
    | "altered-checkpoint"
    | "unreadable-line"
    | "torn-line"
    | "clock-back"
    | "no-outcome";
  /** Whether it means that the log was tampered with; otherwise it is a remark. */
  readonly broken: boolean;
  /** Empty for what concerns all writers. */
  readonly writer: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly callId?: string | undefined;
  readonly message: string;
}

type Place = Pick<AuditFinding, "file" | "line" | "callId">;

/** Follows the records of one writer through its files. */
export interface Chain {
  add(file: string, line: Line): void;
  /**
   * Call it after the last line.
   *
   * @param size of the head's file; undefined when there is no such file.
   */
  end(size: number | undefined): { readonly records: number; readonly findings: readonly AuditFinding[] };
}

/**
 * Compares every record with the one before it. After a break it goes on from what is there, so that one change is told once
 * and the next one is told too.
 */
export function followChain(writer: string, keys: readonly KeyObject[], head: Head | undefined): Chain {
  const findings: AuditFinding[] = [];
  /** Changes that have begun and not ended, by their calls. */
  const begun = new Map<string, Place>();
  let records = 0;
  let last = { seq: 0, mac: "0".repeat(64) };
  /** How many records, at most, stood where other lines stand since. */
  let replaced = 0;
  /** Lines in a row that have the form of records and are not genuine. */
  let forged: { readonly place: Place; lines: number } | undefined;
  let debris: Debris | undefined;
  /** A record whose line has no end: it must be the last one. */
  let unended: Place | undefined;
  /** Whether the record before was not in its place: a run of those is told once. */
  let isMisplaced = false;

  const report = (kind: AuditFinding["kind"], broken: boolean, place: Place, message: string) => {
    findings.push({ kind, broken, writer, ...place, message });
  };

  const endForged = () => {
    if (forged === undefined) return;
    const { place, lines } = forged;
    report("altered-record", true, place, `${count(lines, "record")} changed, or not written by cos with this key.`);
    replaced += lines;
    forged = undefined;
  };

  /** @param torn what the record that follows says of it. */
  const endDebris = (place: Place, torn: AuditRecord["torn"]) => {
    const found = debris;
    debris = undefined;
    if (found === undefined) {
      if (torn !== undefined) report("torn-line", true, place, "The torn line that was closed here is gone.");
      return;
    }
    if (
      torn !== undefined &&
      found.isEnded &&
      torn.bytes === found.bytes &&
      torn.sha256 === found.sha256.digest("hex")
    ) {
      report("torn-line", false, found.place, "A line that a process did not finish; it was closed.");
      return;
    }
    replaced += found.lines;
    if (torn !== undefined) report("torn-line", true, found.place, "It is not the torn line that was closed here.");
    else if (found.isEnded) report("unreadable-line", true, found.place, `${count(found.lines, "line")} not a record.`);
    else report("torn-line", true, found.place, "The last line is not finished; the next record closes it.");
  };

  const follow = (record: AuditRecord, place: Place) => {
    const wasMisplaced = isMisplaced;
    isMisplaced = record.writer !== writer || record.seq <= last.seq;
    if (isMisplaced) {
      if (!wasMisplaced) report("broken-chain", true, place, "The record is not in its place, or is there twice.");
      return;
    }
    const missing = record.seq - last.seq - 1 - replaced;
    if (missing > 0) report("gap", true, place, `${count(missing, "record")} missing before this one.`);
    if (record.seq === last.seq + 1 && record.prev !== last.mac) {
      report("broken-chain", true, place, "The record does not follow the one before it.");
    }
    if (record.seq === head?.seq && record.mac !== head.mac) {
      report("broken-chain", true, place, "The checkpoint knows another record with this number.");
    }
    last = record;
    replaced = 0;
  };

  const note = ({ stage, callId, clockBackMs }: AuditRecord, place: Place) => {
    records += 1;
    if (clockBackMs !== undefined) report("clock-back", false, place, `The clock went back by ${clockBackMs} ms.`);
    if (stage === "started") begun.set(callId, place);
    if (stage === "succeeded" || stage === "failed" || stage === "unknown") begun.delete(callId);
  };

  return {
    add(file, line) {
      const text = line.whole ? line.bytes.toString("latin1") : "";
      const record = parseLine(text);
      const place = { file, line: line.number, callId: record?.callId };
      if (unended !== undefined) report("truncated", true, unended, "The end of the line is missing.");
      unended = record === undefined || line.ended ? undefined : place;
      if (record === undefined) {
        endForged();
        debris = addDebris(debris, line, place);
      } else if (sealOf(keys, text) === undefined) {
        endDebris(place, undefined);
        forged ??= { place, lines: 0 };
        forged.lines += 1;
      } else {
        endForged();
        endDebris(place, record.torn);
        follow(record, place);
        note(record, place);
      }
    },
    end(size) {
      const isShort = head !== undefined && (size ?? 0) < head.bytes;
      endForged();
      // What is left of a line that was cut off is no news beside that.
      if (debris?.isEnded === false && isShort) debris = undefined;
      endDebris({}, undefined);
      if (head !== undefined) {
        const place = { file: head.file };
        const missing = head.seq - last.seq - replaced;
        if (isShort && size === undefined) report("missing-file", true, place, "The file is gone.");
        else if (missing > 0) report("truncated", true, place, `${count(missing, "record")} missing at the end.`);
        else if (isShort && !findings.some(({ broken }) => broken)) {
          report("truncated", true, place, "The end of the line is missing.");
        }
      }
      for (const place of begun.values()) {
        report("no-outcome", false, place, "The change began, and no outcome is recorded.");
      }
      return { records, findings };
    },
  };
}

/** Lines in a row that are not of the form of records. */
interface Debris {
  readonly place: Place;
  readonly lines: number;
  /** Without the end of the last line, as the record counts them that closes a torn line. */
  readonly bytes: number;
  readonly sha256: Hash;
  readonly isEnded: boolean;
}

function addDebris(before: Debris | undefined, { bytes, ended }: Line, place: Place): Debris {
  const sha256 = before?.sha256 ?? createHash("sha256");
  const between = before?.isEnded === true ? "\n" : "";
  sha256.update(between).update(bytes);
  return {
    place: before?.place ?? place,
    lines: (before?.lines ?? 0) + (before?.isEnded === false ? 0 : 1),
    bytes: (before?.bytes ?? 0) + between.length + bytes.length,
    sha256,
    isEnded: ended,
  };
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun} is` : `${number} ${noun}s are`;
}
