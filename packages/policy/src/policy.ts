/** What an operation does to the world: nothing, change it, or take something away for good. */
export type Effect = "read" | "mutate" | "destroy";

/** How a caller reached cos. Agents come by `stdio` and `http`; `reaper` is cos itself. */
export type CallerKind = "terminal" | "script" | "stdio" | "http" | "reaper";

/** What a call would do, as the rules see it. Plain data: the rules never see the call itself. */
export interface Question {
  readonly operation: string;
  readonly effect: Effect;
  readonly engine: string;
  readonly caller: { readonly kind: CallerKind; readonly name: string };
  /** The object the call acts on, where it acts on one. */
  readonly target?:
    | { readonly kind: string; readonly id: string; readonly name: string; readonly owner?: string | undefined }
    | undefined;
  /** What the input asks for beyond the sandbox. */
  readonly asks?: Asks | undefined;
}

/** What a workload asks for that leaves the sandbox. */
export interface Asks {
  readonly network: string;
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly hostPaths: readonly string[];
  readonly profile: string;
}

export interface Decision {
  readonly verdict: "allow" | "deny";
  /** The name of the rule that decided. */
  readonly rule: string;
  /** Why, for the caller. */
  readonly reason: string;
}

/** Decides calls. `decide` is pure and total: equal questions get equal answers, and nothing is allowed by accident. */
export interface Policy {
  decide(question: Question): Decision;
}

/**
 * Allows every operation it was given and denies all others.
 *
 * @param operations the names of the operations that exist.
 */
export function allowOperations(operations: Iterable<string>): Policy {
  const known: ReadonlySet<string> = new Set(operations);
  return {
    decide: ({ operation }) =>
      known.has(operation)
        ? { verdict: "allow", rule: "catalogue", reason: "Everything in the catalogue is allowed." }
        : { verdict: "deny", rule: "default", reason: "No rule allows this operation." },
  };
}
