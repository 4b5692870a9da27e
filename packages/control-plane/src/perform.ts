import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  CosError,
  digestOf,
  type Engine,
  type FileSink,
  type Interaction,
  type OutputSink,
  parseWith,
  type ProgressSink,
  type SecretSource,
} from "@cos/core";
import type { Decision, Question, RuleJudgement } from "@cos/policy";
import { type ConsentSources, seekConsent } from "./consent.ts";
import { abortable } from "./abortable.ts";
import { assertCaller, type Caller } from "./caller.ts";
import { type CallerView, viewOf, type ViewSources } from "./caller-view.ts";
import type { Operation, OperationContext, Preview, Target } from "./operation.ts";
import { toQuestion } from "./question.ts";
import { openTrail } from "./trail.ts";
import { createTurns } from "./turns.ts";

/** One request. */
export interface Call {
  readonly operation: string;
  readonly input: unknown;
  readonly caller: Caller;
  /** The operations that the caller is offered; to it there are no others. All unless set. */
  readonly offered?: ReadonlySet<string> | undefined;
  /** The engine's name; the first one configured unless set. */
  readonly engine?: string | undefined;
  /** The token of an earlier outcome `confirm`: do exactly what was previewed. */
  readonly confirmToken?: string | undefined;
  /** Who answered that preview: the caller by itself (unless set), a person, or nobody (`--yes`). */
  readonly confirmedBy?: "caller" | "person" | "assumed" | undefined;
  /** The answer to that preview was no: nothing is done, the token is spent, and both are recorded. */
  readonly declined?: boolean | undefined;
  readonly progress?: ProgressSink | undefined;
  readonly output?: OutputSink | undefined;
  /** Takes the files that the call brings out of a container, of any size, instead of their contents in the answer. */
  readonly files?: FileSink | undefined;
  /** Talks with what the call runs. Only front ends that have somebody at their own end give one. */
  readonly interaction?: Interaction | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * How a call ended that did not fail: it was done; it waits for its caller to repeat it with a token; it waits for a
 * person elsewhere, after whose yes it is to be repeated as it was; or it was refused.
 */
export type Outcome =
  | { readonly status: "done"; readonly callId: string; readonly result: unknown; readonly text: string }
  | (Undecided & { readonly status: "confirm"; readonly confirmToken: string })
  | (Undecided & { readonly status: "pending"; readonly reference: string })
  | { readonly status: "denied"; readonly callId: string; readonly rule: string; readonly reason: string };

interface Undecided {
  readonly callId: string;
  readonly preview: Preview;
  readonly expiresInSeconds: number;
  readonly rule: string;
  readonly reason: string;
}

/** What the one way of a call is made of. */
export interface ControlPlaneParts extends ConsentSources, ViewSources {
  readonly operations: readonly Operation[];
  /** Gives the operator's secrets; there are none unless set. */
  readonly secrets?: SecretSource | undefined;
}

/** What policy says to a call that is not made, and why. */
export interface Explanation {
  readonly question: Question;
  readonly decision: Decision;
  /** Every rule up to the one that decides, with what in it did not match. */
  readonly judged: readonly RuleJudgement[];
}

/** Performs calls. The only place where operations run. */
export interface ControlPlane {
  /**
   * Takes a call all the way: find, parse, resolve, decide, ask for consent, record, run, record.
   *
   * @throws CosError when the call is not valid or fails; a refusal by policy is an {@link Outcome}, not an error.
   */
  perform(call: Call): Promise<Outcome>;
  /**
   * Asks policy about a call without making it. Reads what the call would read, and records nothing.
   *
   * @throws CosError when the call is not valid, or its target is not found.
   */
  explain(call: Call): Promise<Explanation>;
  /** What a caller may see beside the outcomes of its calls. */
  viewFor(caller: Caller): CallerView;
}

export function createControlPlane(parts: ControlPlaneParts): ControlPlane {
  const { operations, engines, policy, audit, tickets, secrets = noSecrets } = parts;
  const catalogue = new Map(operations.map((operation) => [operation.name, operation]));
  const turns = createTurns();

  /** Parses the call, and only then asks the engine, so that it answers while the rest is prepared. */
  async function prepare(operation: Operation | undefined, engineName: string, call: Call) {
    if (operation === undefined) throw new CosError("not_found", "There is no such operation.");
    const connect = engines.get(engineName);
    if (connect === undefined) {
      throw new CosError("not_found", `There is no engine named ${JSON.stringify(engineName)}.`, {
        hint: `There is: ${[...engines.keys()].join(", ")}`,
      });
    }
    assertCaller(call.caller);
    const input = parseWith(operation.input, call.input, `input of ${operation.name}`);
    const connecting = connect();
    connecting.catch(() => undefined);
    // A turn of the event loop lets the question leave before this thread is busy.
    await nextTurn();
    return { operation, input, rules: await policy(), connecting };
  }

  function findOperation({ operation, offered }: Call): Operation | undefined {
    return offered?.has(operation) === false ? undefined : catalogue.get(operation);
  }

  function findEngineName({ engine }: Call): string {
    return engine ?? engines.keys().next().value ?? "";
  }

  return {
    async perform(call) {
      // A token that is tried is spent, whatever becomes of the call.
      const ticket = call.confirmToken === undefined ? undefined : tickets.redeem(call.confirmToken);
      const operationFound = findOperation(call);
      const engineName = findEngineName(call);
      const prepared = await attempt(() => prepare(operationFound, engineName, call));
      const { kind, name } = call.caller;
      const callId = randomUUID();
      const trail = openTrail(audit, {
        callId,
        operation: call.operation,
        effect: operationFound?.effect,
        engine: engineName,
        caller: { kind, name },
      });
      if (operationFound === undefined) {
        trail.record("denied", { rule: "unknown-operation" });
        return { status: "denied", callId, rule: "unknown-operation", reason: "There is no such operation." };
      }
      if (!prepared.ok) {
        trail.record("denied", { rule: "invalid-call", code: prepared.error.code });
        throw prepared.error;
      }
      const { operation, input, rules, connecting } = prepared.value;
      const inputDigest = digestOf(input);
      trail.learn({ inputDigest });

      let endTurn = () => {};
      try {
        const { context, target, asks, question, decision } = await trail.step(async () => {
          const context = await toContext(call, secrets, connecting);
          let target = await operation.target?.(context, input);
          if (target !== undefined && operation.effect !== "read") {
            // From here to the end, no other call changes the target: what is decided about is what is changed.
            endTurn = await turns.take(`${engineName}/${target.kind}/${target.id}`, context.signal);
            target = await resolveAgain(operation, context, input, target);
          }
          trail.learn({ target: target && { kind: target.kind, id: target.id, name: target.name } });
          const asks = await operation.asks?.(context, input);
          const question = toQuestion(operation, engineName, call.caller, target, asks);
          const decision = rules.decide(question);
          trail.learn({ asks, rule: decision.rule });
          return { context, target, asks, question, decision };
        });

        const { rule, reason } = decision;
        if (decision.verdict === "deny") {
          trail.record("denied");
          return { status: "denied", callId, rule, reason };
        }
        if (decision.verdict !== "allow" || call.confirmToken !== undefined || call.declined === true) {
          const { preview, answer } = await trail.step(async () => {
            const said = (await operation.preview?.(context, input, target)) ?? plainPreview(operation);
            const preview = engines.size > 1 ? withEngine(said, engineName) : said;
            const answer = await seekConsent(parts, {
              callId,
              decision,
              question,
              target,
              asks,
              input,
              inputDigest,
              preview,
              ticket,
              policyVersion: rules.version,
              hasToken: call.confirmToken !== undefined,
              confirmedBy: call.confirmedBy ?? "caller",
              declined: call.declined === true,
            });
            return { preview, answer };
          });
          if (answer.status === "denied") {
            trail.record("denied", answer.about);
            return { status: "denied", callId, rule, reason: answer.reason };
          }
          if (answer.status !== "given") {
            trail.record("previewed", answer.status === "pending" ? { reference: answer.reference } : {});
            return { ...answer, callId, preview, rule, reason };
          }
          trail.learn(answer.about);
        }

        const changes = operation.effect !== "read";
        if (changes) trail.record("started");
        if (operation.sharesTarget === true) endTurn();
        const done = await trail.step(async () => {
          const result = operation.output.parse(await operation.run(context, input, target));
          return { result, text: operation.format(result) };
        });
        if (changes) trail.record("succeeded");
        else await trail.recordSoon("read");
        return { status: "done", callId, ...done };
      } finally {
        endTurn();
      }
    },

    async explain(call) {
      const engineName = findEngineName(call);
      const { operation, input, rules, connecting } = await prepare(findOperation(call), engineName, call);
      const context = await toContext(call, secrets, connecting);
      const target = await operation.target?.(context, input);
      const asks = await operation.asks?.(context, input);
      const question = toQuestion(operation, engineName, call.caller, target, asks);
      return { question, ...rules.explain(question) };
    },

    viewFor: (caller) => viewOf(caller, parts),
  };
}

async function toContext(call: Call, secrets: SecretSource, connecting: Promise<Engine>): Promise<OperationContext> {
  const { caller, progress = () => {}, output, files, interaction, signal = new AbortController().signal } = call;
  return { engine: await abortable(connecting, signal), caller, progress, output, files, interaction, secrets, signal };
}

function noSecrets(name: string): never {
  throw new CosError("not_found", `There is no secret ${name}.`, { hint: "No secrets are set up here." });
}

/** The target as it is now that nobody else's turn is on. */
async function resolveAgain(
  operation: Operation,
  context: OperationContext,
  input: Record<string, unknown>,
  { kind, id, name }: Target,
): Promise<Target> {
  const target = await operation.target?.(context, input);
  if (target?.kind === kind && target.id === id) return target;
  throw new CosError("conflict", `The ${kind} ${name} was replaced in the meantime.`, { hint: "Make the call again." });
}

/** A preview that says where, when there is more than one place. */
function withEngine({ text, changes }: Preview, engine: string): Preview {
  return { text: `${text} On the engine ${engine}.`, changes: { ...changes, engine } };
}

/** What there is to say about a read, which changes nothing. */
function plainPreview({ title }: Operation): Preview {
  return { text: `${title}. It changes nothing.`, changes: {} };
}

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: CosError };

async function attempt<T>(step: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { ok: true, value: await step() };
  } catch (error) {
    return { ok: false, error: CosError.from(error) };
  }
}
