import type { Preview } from "@cos/control-plane";

/** Something that a person asks a client's model to do: named in a menu, with arguments, and written when it is chosen. */
export interface Prompt {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly arguments: readonly PromptArgument[];
  /** The tools that it tells the model to use. */
  readonly tools: readonly string[];
  /**
   * The message that the model is given. It only reads, by `look`.
   *
   * @param given the arguments that came, each of which is one of `arguments`; what is required is there.
   * @throws `invalidParams` that names an argument, or CosError.
   */
  write(look: Look, given: Readonly<Record<string, string>>): Promise<string>;
}

export interface PromptArgument {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  /** Most characters that it may have. */
  readonly maxLength: number;
  /** What it could become that begins with `value`. */
  readonly complete?: (look: Look, value: string) => Promise<readonly string[]>;
}

/**
 * Performs an operation that only reads, as the client's own call: policy decides about it, and the log has it. What the
 * rules do not simply allow is an answer, too.
 *
 * @throws CosError as `perform` does.
 */
export type Look = (operation: string, input: object) => Promise<Seen>;

export type Seen =
  | { readonly ok: true; readonly result: unknown; readonly text: string }
  | {
      readonly ok: false;
      /** The reason, in a sentence. */
      readonly why: string;
      /** What the operation would do, where it waits for a consent. */
      readonly preview?: Preview | undefined;
    };
