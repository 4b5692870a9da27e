import * as z from "zod";
import { parseDocument } from "./document.ts";
import type { Decision, Policy } from "./policy.ts";
import {
  type CallerKind,
  callerKinds,
  type Effect,
  type Question,
  type TargetKind,
  targetKinds,
  targetOwnerships,
} from "./question.ts";
import { type Verdict, verdicts } from "./verdict.ts";

const text = z.string().min(1).max(4096);
const texts = z.array(text).max(1024);

/** The facts of a call but for its effect, which its operation has. What is left out the call does not have. */
const facts = {
  operation: text,
  engine: text.default("local"),
  callerKind: z.enum(callerKinds),
  callerName: text.optional(),
  targetKind: z.enum(targetKinds).optional(),
  targetOwnership: z.enum(targetOwnerships).default("none"),
  targetOwner: text.optional(),
  targetName: text.optional(),
  targetImage: text.optional(),
  network: text.optional(),
  egress: z.boolean().optional(),
  hostPaths: texts.optional(),
  ports: texts.optional(),
  volumes: texts.optional(),
  profile: text.optional(),
  image: text.optional(),
  registry: text.optional(),
  builds: z.boolean().optional(),
  secrets: z.boolean().optional(),
  otherOwners: z.boolean().optional(),
  cpus: z.number().positive().optional(),
  memoryBytes: z.int().positive().optional(),
  pids: z.int().positive().optional(),
} satisfies Record<Exclude<keyof Question, "effect">, z.ZodType>;

const expectationsFile = z.strictObject({
  $schema: text.optional(),
  tests: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(300).optional(),
        ...facts,
        expect: z.enum(verdicts),
        rule: text.optional(),
      }),
    )
    .min(1),
});

/** What an operator expects of the policy. */
export interface Expectation {
  readonly name: string;
  readonly question: Omit<Question, "effect">;
  readonly verdict: Verdict;
  /** The rule that has to decide, if it matters which. */
  readonly rule?: string | undefined;
}

export interface ExpectationResult {
  readonly name: string;
  readonly passed: boolean;
  readonly decision: Decision;
  readonly expected: { readonly verdict: Verdict; readonly rule?: string | undefined };
}

/**
 * Reads an operator's tests, YAML or JSON: `tests`, a list of facts as in {@link Question} with `expect`, the verdict, and
 * optionally `rule` and `name`. Only `operation` and `callerKind` must be given. The caller is otherwise named `agent` (stdio,
 * http), `user` (terminal, script) or `cos` (reaper), the engine `local`, and a call has no target; one that has an ownership
 * is of the kind that the operation's first word says.
 *
 * @param file its name, for messages.
 * @throws CosError `invalid_argument` as {@link parsePolicyFile} does.
 */
export async function parseExpectations(text: string, file: string): Promise<readonly Expectation[]> {
  const { tests } = await parseDocument(text, file, expectationsFile);
  return tests.map(({ name, expect, rule, ...given }) => ({
    name: name ?? `${given.operation} by ${given.callerKind}`,
    question: {
      ...given,
      callerName: given.callerName ?? usualNames[given.callerKind],
      targetKind: toTargetKind(given),
    },
    verdict: expect,
    rule,
  }));
}

const usualNames: Readonly<Record<CallerKind, string>> = {
  stdio: "agent",
  http: "agent",
  terminal: "user",
  script: "user",
  reaper: "cos",
};

function toTargetKind(given: {
  readonly operation: string;
  readonly targetKind?: TargetKind | undefined;
  readonly targetOwnership: Question["targetOwnership"];
}): TargetKind {
  if (given.targetKind !== undefined) return given.targetKind;
  if (given.targetOwnership === "none") return "none";
  return targetKinds.find((kind) => given.operation.startsWith(`${kind}_`)) ?? "none";
}

/**
 * Compares what a policy decides with what is expected of it.
 *
 * @param effectOf the effect of an operation; undefined when there is none of that name. A test of such an operation
 * fails, whatever it expects.
 */
export function runExpectations(
  policy: Policy,
  tests: readonly Expectation[],
  effectOf: (operation: string) => Effect | undefined,
): readonly ExpectationResult[] {
  return tests.map(({ name, question, verdict, rule }) => {
    const expected = { verdict, rule };
    const effect = effectOf(question.operation);
    if (effect === undefined) return { name, passed: false, decision: noOperation, expected };
    const decision = policy.decide({ ...question, effect });
    const passed = decision.verdict === verdict && (rule === undefined || decision.rule === rule);
    return { name, passed, decision, expected };
  });
}

const noOperation: Decision = { verdict: "deny", rule: "unknown-operation", reason: "There is no such operation." };
