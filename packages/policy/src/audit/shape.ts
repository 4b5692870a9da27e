import { CosError } from "@cos/core";
import { type Asks, callerKinds, effects } from "../question.ts";
import { type AuditEvent, type AuditRecord, auditStages, type Consent } from "./event.ts";

/** Gives back the part of a value that has a place in the log, in plain data; throws when it is not of the right form. */
export type Check<T> = (value: unknown, path: string) => T;

type Shape<T> = { readonly [Name in keyof Required<T>]: Check<T[Name]> };

const consents = ["caller", "person", "assumed", "approval", "grant"] as const satisfies readonly Consent[];
/** Most items of a list that are kept, the one that counts the rest included. */
const longestList = 65;

export const text: Check<string> = (value, path) => (typeof value === "string" ? value : refuse(path, "a string"));

const flag: Check<boolean> = (value, path) => (typeof value === "boolean" ? value : refuse(path, "true or false"));

const number: Check<number> = (value, path) =>
  typeof value === "number" && Number.isFinite(value) ? value : refuse(path, "a finite number");

/** A whole number of at least `min`. */
export const whole =
  (min: number): Check<number> =>
  (value, path) =>
    typeof value === "number" && Number.isSafeInteger(value) && value >= min ? value : refuse(path, "a count");

/** 32 bytes as 64 hex digits. */
export const hash: Check<string> = (value, path) =>
  typeof value === "string" && /^[0-9a-f]{64}$/.test(value) ? value : refuse(path, "a hash");

/** ISO 8601 with milliseconds, UTC, as `Date` writes it. */
export const time: Check<string> = (value, path) =>
  typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/.test(value) && !Number.isNaN(Date.parse(value))
    ? value
    : refuse(path, "a time");

const texts: Check<readonly string[]> = (value, path) => {
  if (!Array.isArray(value)) return refuse(path, "a list");
  const { length } = value;
  const all = length <= longestList;
  const items = Array.from({ length: all ? length : longestList - 1 }, (_, index) =>
    text(value[index], `${path}[${index}]`),
  );
  return all ? items : [...items, `and ${length - items.length} more`];
};

const oneOf =
  <T extends string>(list: readonly T[]): Check<T> =>
  (value, path) =>
    list.find((item) => item === value) ?? refuse(path, `one of ${list.join(", ")}`);

const optional =
  <T>(check: Check<T>): Check<T | undefined> =>
  (value, path) =>
    value === undefined ? undefined : check(value, path);

/** Exactly the members of the shape, in its order, each read once. */
export function object<T>(shape: Shape<T>): Check<T> {
  const members = Object.entries<Check<unknown>>(shape);
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(path, "an object");
    const closed: Record<string, unknown> = {};
    for (const [name, check] of members) {
      const member = check((value as Record<string, unknown>)[name], path === "" ? name : `${path}.${name}`);
      if (member !== undefined) closed[name] = member;
    }
    return closed as T;
  };
}

function refuse(path: string, expected: string): never {
  throw new CosError(
    "failed_precondition",
    `An audit event cannot be recorded: its ${path || "value"} is not ${expected}.`,
    {
      hint: "Correct the program that records it.",
    },
  );
}

const asks = object<Asks>({
  network: optional(text),
  egress: optional(flag),
  hostPaths: optional(texts),
  ports: optional(texts),
  volumes: optional(texts),
  profile: optional(text),
  image: optional(text),
  registry: optional(text),
  builds: optional(flag),
  secrets: optional(flag),
  otherOwners: optional(flag),
  cpus: optional(number),
  memoryBytes: optional(number),
  pids: optional(number),
});

const eventShape: Shape<AuditEvent> = {
  callId: text,
  stage: oneOf(auditStages),
  operation: text,
  effect: optional(oneOf(effects)),
  engine: text,
  caller: object({ kind: oneOf(callerKinds), name: text }),
  target: optional(object({ kind: text, id: text, name: text })),
  inputDigest: optional(text),
  asks: optional(asks),
  rule: optional(text),
  consent: optional(oneOf(consents)),
  confirms: optional(text),
  reference: optional(text),
  approver: optional(text),
  code: optional(text),
};

const event = object(eventShape);

/** A record that was written before. */
export const record = object<AuditRecord>({
  seq: whole(1),
  time,
  writer: text,
  ...eventShape,
  asksDigest: optional(text),
  clockBackMs: optional(whole(1)),
  torn: optional(object({ bytes: whole(1), sha256: hash })),
  prev: hash,
  mac: hash,
});

/**
 * A plain copy of an event, with the members that the log keeps. Of a list with more than 65 items it has the first 64 and
 * one that says how many more there were.
 *
 * @throws CosError `failed_precondition` when a member is missing, has another type, or cannot be read.
 */
export function closeEvent(value: AuditEvent): AuditEvent {
  try {
    return event(value, "");
  } catch (cause) {
    if (CosError.is(cause)) throw cause;
    throw new CosError("failed_precondition", "An audit event cannot be recorded: it cannot be read.", {
      hint: "Correct the program that records it.",
      cause,
    });
  }
}
