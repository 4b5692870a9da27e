import type { Engine, FileSink, Interaction, OutputSink, ProgressSink, SecretSource } from "@cos/core";
import type { Asks, Effect, TargetKind } from "@cos/policy";
import type * as z from "zod";
import type { Caller } from "./caller.ts";
import { once } from "./once.ts";

/** What an operation may use while it runs. */
export interface OperationContext {
  readonly engine: Engine;
  readonly caller: Caller;
  readonly progress: ProgressSink;
  /** Where live output goes, if anybody wants it. */
  readonly output: OutputSink | undefined;
  /** Takes files whole, if anybody wants them; the answer then carries no contents. */
  readonly files?: FileSink | undefined;
  /** Who talks with what runs, if anybody does. */
  readonly interaction?: Interaction | undefined;
  /** Gives the operator's secrets, for engines to put into containers and to take out of what containers write. */
  readonly secrets: SecretSource;
  readonly signal: AbortSignal;
}

/** The resolved object that an operation acts on. */
export interface Target {
  readonly kind: Exclude<TargetKind, "none">;
  /** The engine's own immutable id. */
  readonly id: string;
  readonly name: string;
  /** Whose it is; undefined when this installation did not make it. */
  readonly owner?: string | undefined;
  /** The image of a container. */
  readonly image?: string | undefined;
  /** Changes whenever the object does. */
  readonly stateDigest: string;
}

/** What a call would change, before it does. */
export interface Preview {
  /** In words. Of what the caller wrote it repeats only names that were checked. */
  readonly text: string;
  /**
   * The same as data. A consent holds while these stay the same, so nothing in them depends on when they are read.
   * `action: "none"` says that nothing would change.
   */
  readonly changes: Readonly<Record<string, unknown>>;
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
  /** Whether others may change its target while it runs; unless set, they wait for its end. */
  readonly sharesTarget?: true;
  readonly input: Input;
  readonly output: Output;
  /** Members of the output that programs in a container wrote: data that may try to pass for instructions. */
  readonly untrusted?: readonly string[];
  /** Finds what the call acts on. Only reads. */
  readonly target?: (context: OperationContext, input: z.output<Input>) => Promise<T>;
  /** What the input asks for beyond its target. Only reads. */
  readonly asks?: (context: OperationContext, input: z.output<Input>) => Asks | Promise<Asks>;
  /** What `run` would change. Only reads. What can change something has one. */
  readonly preview?: (context: OperationContext, input: z.output<Input>, target: T) => Preview | Promise<Preview>;
  readonly run: (context: OperationContext, input: z.output<Input>, target: T) => Promise<z.input<Output>>;
  /** The result in words, for a person or a model. */
  readonly format: (output: z.output<Output>) => string;
}

/** An operation as its author writes it: its schemas are made when they are first looked at. */
type Definition<Input extends z.ZodObject, Output extends z.ZodType, T extends Target | undefined> = Omit<
  Operation<Input, Output, T>,
  "input" | "output"
> & { readonly input: () => Input; readonly output: () => Output };

/**
 * Makes an operation, with its types checked against each other. What changes something must say what it would change.
 * Schemas are many small objects, of which a process that performs one operation needs few; so each is given as a
 * function, which is called once, when somebody first needs it.
 */
export function defineOperation<
  Input extends z.ZodObject,
  Output extends z.ZodType,
  T extends Target | undefined = undefined,
>(
  definition: Definition<Input, Output, T> &
    ({ readonly effect: "read" } | Required<Pick<Definition<Input, Output, T>, "preview">>),
): Operation {
  const [input, output] = [once(definition.input), once(definition.output)];
  const operation = Object.defineProperties(
    { ...definition },
    { input: { get: input, enumerable: true }, output: { get: output, enumerable: true } },
  );
  return operation as unknown as Operation;
}
