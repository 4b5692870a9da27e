import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { CosError, digestOf, type Engine, type OutputSink, parseWith, type ProgressSink } from "@cos/core";
import type { AuditEvent, AuditLog, Policy } from "@cos/policy";
import type { Caller, Operation, OperationContext, Target } from "./operation.ts";

/** One request. */
export interface Call {
  readonly operation: string;
  readonly input: unknown;
  readonly caller: Caller;
  /** The engine's name; the first one configured unless set. */
  readonly engine?: string | undefined;
  readonly progress?: ProgressSink | undefined;
  readonly output?: OutputSink | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a call ended that did not fail: it was done, or policy refused it. */
export type Outcome =
  | { readonly status: "done"; readonly callId: string; readonly result: unknown; readonly text: string }
  | { readonly status: "denied"; readonly callId: string; readonly rule: string; readonly reason: string };

/** What the one way of a call is made of. */
export interface ControlPlaneParts {
  readonly operations: readonly Operation[];
  /** Engines by name, the default first. Connecting happens when one is first needed. */
  readonly engines: ReadonlyMap<string, () => Promise<Engine>>;
  readonly policy: Policy;
  readonly audit: AuditLog;
}

/** Performs calls. The only place where operations run. */
export interface ControlPlane {
  /**
   * Takes a call all the way: find, parse, resolve, decide, record, run, record.
   *
   * @throws CosError when the call is not valid or fails; a refusal by policy is an {@link Outcome}, not an error.
   */
  perform(call: Call): Promise<Outcome>;
}

export function createControlPlane({ operations, engines, policy, audit }: ControlPlaneParts): ControlPlane {
  const catalogue = new Map(operations.map((operation) => [operation.name, operation]));

  return {
    async perform(call) {
      const operation = catalogue.get(call.operation);
      const engineName = call.engine ?? engines.keys().next().value ?? "";
      const connect = engines.get(engineName);
      const input = operation === undefined ? undefined : attempt(() => parse(operation, call.input));
      // The engine is asked first, so that it answers while the call is prepared.
      const connecting = input?.ok === true ? connect?.() : undefined;
      connecting?.catch(() => undefined);
      // A turn of the event loop lets the question leave before this thread is busy.
      if (connecting !== undefined) await nextTurn();

      const callId = randomUUID();
      const { kind, name } = call.caller;
      const known = {
        callId,
        operation: call.operation,
        effect: operation?.effect,
        engine: engineName,
        caller: { kind, name },
      };
      const record = (stage: AuditEvent["stage"], more: Partial<AuditEvent> = {}) =>
        audit.record({ ...known, ...more, stage });

      if (operation === undefined) {
        record("denied", { rule: "unknown-operation" });
        return { status: "denied", callId, rule: "unknown-operation", reason: "There is no such operation." };
      }

      if (input?.ok !== true || connecting === undefined) {
        const error =
          input?.ok === false
            ? input.error
            : new CosError("not_found", `There is no engine named ${JSON.stringify(engineName)}.`, {
                hint: `There is: ${[...engines.keys()].join(", ")}`,
              });
        record("denied", { rule: "invalid-input", code: error.code });
        throw error;
      }
      const inputDigest = digestOf(input.value);

      let context: OperationContext;
      let target: Target | undefined;
      try {
        context = {
          engine: await connecting,
          caller: call.caller,
          progress: call.progress ?? (() => {}),
          output: call.output,
          signal: call.signal ?? new AbortController().signal,
        };
        target = await operation.target?.(context, input.value);
      } catch (error) {
        const failure = CosError.from(error);
        record("failed", { inputDigest, code: failure.code });
        throw failure;
      }

      const { verdict, rule, reason } = policy.decide({
        operation: operation.name,
        effect: operation.effect,
        engine: engineName,
        caller: { kind, name },
        target,
        asks: operation.asks?.(input.value),
      });
      if (verdict === "deny") {
        record("denied", { inputDigest, target, rule });
        return { status: "denied", callId, rule, reason };
      }

      const changes = operation.effect !== "read";
      if (changes) record("started", { inputDigest, target, rule });
      let done: { readonly result: unknown; readonly text: string };
      try {
        const result = operation.output.parse(await operation.run(context, input.value, target));
        done = { result, text: operation.format(result) };
      } catch (error) {
        const failure = CosError.from(error);
        record(failure.details?.["unknown"] === true ? "unknown" : "failed", {
          inputDigest,
          target,
          rule,
          code: failure.code,
        });
        throw failure;
      }
      record(changes ? "succeeded" : "read", { inputDigest, target, rule });
      return { status: "done", callId, ...done };
    },
  };
}

function parse(operation: Operation, input: unknown): Record<string, unknown> {
  return parseWith(operation.input, input, `input of ${operation.name}`);
}

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: CosError };

function attempt<T>(step: () => T): Attempt<T> {
  try {
    return { ok: true, value: step() };
  } catch (error) {
    return { ok: false, error: CosError.from(error) };
  }
}
