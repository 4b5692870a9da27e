import type { CosError } from "@cos/core";
import type { ClientCall } from "./client-call.ts";
import type { Fields, Log } from "./log.ts";
import type { CallObserver, Ending } from "./observe.ts";

/**
 * The members of an input that say what a call is about, and that nobody would put a secret into. Commands, variables,
 * files and the rest are never written.
 */
const telling = ["container", "name", "image", "base", "tag", "network", "volume", "project"] as const;

/** What a name or a reference to an image looks like. Whatever else stands in its place may be anything, a password too. */
const nameLike = /^\w[\w.-]*(?:[/:@]\w[\w.-]*)*$/;

/** Longest part that is written of what a caller chose, in characters. */
const maxShown = 100;

/** Writes a line for each call when it has ended, and at level `debug` also when it begins. */
export function logCalls(log: Log): CallObserver {
  return (call) => {
    const name = shorten(call.operation);
    if (log.debugs) log.debug(toFields(call, name), `${quoteOdd(name)} begins`);
    return (ending) => {
      const { level, words, fields } = describe(ending);
      log[level](
        { ...toFields(call, name), ...fields, durationMs: Math.round(ending.durationMs * 10) / 10 },
        `${quoteOdd(name)} ${words}`,
      );
    };
  };
}

function toFields({ caller, engine, input, request }: ClientCall, operation: string): Fields {
  return {
    caller: caller.name,
    callerKind: caller.kind,
    ...(request?.sessionId === undefined ? {} : { session: request.sessionId.slice(0, 8) }),
    operation,
    ...(engine === undefined ? {} : { engine: shorten(engine) }),
    input: summarise(input),
  };
}

function summarise(input: unknown): Fields {
  if (typeof input !== "object" || input === null) return {};
  const given = input as Fields;
  const summary: Record<string, string> = {};
  for (const member of telling) {
    const value = given[member];
    if (typeof value === "string") summary[member] = nameLike.test(value) ? shorten(value) : "(no name)";
  }
  return summary;
}

interface Description {
  readonly level: "info" | "warn" | "error";
  readonly words: string;
  readonly fields: Fields;
}

function describe({ outcome, error }: Ending): Description {
  if (error !== undefined) return describeFailure(error);
  const { status, callId } = outcome;
  switch (outcome.status) {
    case "done":
      return { level: "info", words: status, fields: { status, callId, ...exitCodeOf(outcome.result) } };
    case "denied":
      return { level: "warn", words: status, fields: { status, callId, rule: outcome.rule } };
    case "pending":
      return {
        level: "info",
        words: status,
        fields: { status, callId, rule: outcome.rule, reference: outcome.reference },
      };
    case "confirm":
      return { level: "info", words: status, fields: { status, callId, rule: outcome.rule } };
  }
}

/** Of a failure that is the caller's the code is enough: the message may repeat what the caller wrote. */
function describeFailure({ code, message }: CosError): Description {
  const fields = { status: "failed", code };
  const words = `failed (${code})`;
  switch (code) {
    case "cancelled":
      return { level: "info", words, fields };
    case "unavailable":
      return { level: "error", words: `${words}: ${message.replaceAll("\n", " ")}`, fields };
    case "internal":
      return { level: "error", words, fields };
    default:
      return { level: "warn", words, fields };
  }
}

function exitCodeOf(result: unknown): Fields {
  if (typeof result !== "object" || result === null) return {};
  const { exitCode } = result as Fields;
  return typeof exitCode === "number" ? { exitCode } : {};
}

function shorten(text: string): string {
  return text.length <= maxShown ? text : `${text.slice(0, maxShown)}...`;
}

/** A name that no operation could have, so that it does not read as words of the log. */
function quoteOdd(name: string): string {
  return /^[a-z_]+$/.test(name) ? name : JSON.stringify(name);
}
