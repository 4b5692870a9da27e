import type { Engine, OutputSink, ProgressSink } from "@cos/core";
import type { Asks, CallerKind, Effect } from "@cos/policy";
import type * as z from "zod";

/** Who asks: how the call came in, under which authenticated name, and which host directories it may name. */
export interface Caller {
  readonly kind: CallerKind;
  readonly name: string;
  /** Directories below which bind mounts and build contexts must lie. */
  readonly hostRoots: readonly string[];
}

/** What an operation may use while it runs. */
export interface OperationContext {
  readonly engine: Engine;
  readonly caller: Caller;
  readonly progress: ProgressSink;
  /** Where live output goes, if anybody wants it. */
  readonly output: OutputSink | undefined;
  readonly signal: AbortSignal;
}

/** The resolved object that an operation acts on. */
export interface Target {
  readonly kind: "container" | "image" | "network" | "volume";
  /** The engine's own immutable id. */
  readonly id: string;
  readonly name: string;
  readonly owner?: string | undefined;
}

/**
 * One thing cos can be asked to do, said once. Commands, tools, policy questions, audit records and reference pages
 * all come from this value; it knows nothing of them.
 */
export interface Operation<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodType = z.ZodType,
  T extends Target | undefined = Target | undefined,
> {
  /** Lower case words joined by `_`, the noun first. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly effect: Effect;
  readonly input: Input;
  readonly output: Output;
  /** Finds what the call acts on. Only reads. */
  readonly target?: (context: OperationContext, input: z.output<Input>) => Promise<T>;
  /** What the input asks for beyond the sandbox. Pure. */
  readonly asks?: (input: z.output<Input>) => Asks;
  readonly run: (context: OperationContext, input: z.output<Input>, target: T) => Promise<z.input<Output>>;
  /** The result in words, for a person or a model. */
  readonly format: (output: z.output<Output>) => string;
}

/** Makes an operation, with its types checked against each other. */
export function defineOperation<
  Input extends z.ZodObject,
  Output extends z.ZodType,
  T extends Target | undefined = undefined,
>(operation: Operation<Input, Output, T>): Operation {
  return operation as unknown as Operation;
}
