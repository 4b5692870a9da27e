import { stripVTControlCharacters } from "node:util";
import { CosError, type ProgressEvent } from "@cos/core";
import { isRegistryFailure, toRegistryFailure } from "./registry-failure.ts";

/** Lines of output that a failure repeats. */
const keptLines = 20;
/** Characters of a line that are kept. */
const maxLineLength = 500;

/** One line of a build's answer. */
export interface BuildLine {
  readonly stream?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly code?: number } | null;
  readonly aux?: { readonly ID?: string } | null;
}

/** Reads what the classic builder says: its steps, their output, the image's id. */
export class BuildOutput {
  /** The id of the image, once it is built. */
  imageId: string | undefined;
  #partial = "";
  #step: { number: number; count: number; instruction: string } | undefined;
  #lines: string[] = [];

  /**
   * Takes a line of the answer; answers with an event for each line of output.
   *
   * @throws CosError `failed_precondition` when the build failed, with the step, its exit code and the end of its output
   * in `details`; as for a pull when a base image could not be had.
   */
  take({ stream, error, errorDetail, aux }: BuildLine): ProgressEvent[] {
    if (typeof error === "string") throw this.#toFailure(error, errorDetail?.code);
    if (typeof aux?.ID === "string") this.imageId = aux.ID;
    if (typeof stream !== "string") return [];
    const lines = (this.#partial + stream).split("\n");
    this.#partial = (lines.pop() ?? "").slice(-4 * maxLineLength);
    return lines.flatMap((line) => this.#takeLine(line) ?? []);
  }

  #takeLine(raw: string): ProgressEvent | undefined {
    const line = toLine(raw);
    if (line === "") return undefined;
    const step = /^Step ([0-9]+)\/([0-9]+) : (.*)$/.exec(line);
    if (step === null) this.#lines = [...this.#lines.slice(1 - keptLines), line];
    else {
      this.#step = { number: Number(step[1]), count: Number(step[2]), instruction: step[3] ?? "" };
      this.#lines = [];
    }
    return {
      phase: "build",
      // What cos signs is for the engine alone.
      message: line.replace(/ : LABEL cos\..*/, " : LABEL cos.*"),
      ...(this.#step === undefined ? {} : { done: this.#step.number - 1, total: this.#step.count }),
    };
  }

  #toFailure(error: string, exitCode: number | undefined): CosError {
    const step = this.#step;
    if (exitCode === undefined && step?.instruction.startsWith("FROM ") === true && isRegistryFailure(error)) {
      const base = step.instruction.split(" ")[1] ?? "";
      return toRegistryFailure(error, { deed: "pull", reference: base, domain: "the base image's registry" });
    }
    const rest = toLine(this.#partial);
    const output = [...this.#lines, ...(rest === "" ? [] : [rest])].filter(
      (line) => !/^(?:---> |Removing intermediate)/.test(line),
    );
    const where =
      step === undefined ? "" : ` at step ${step.number} of ${step.count} (${step.instruction.slice(0, 100)})`;
    const why = exitCode === undefined ? `: ${toLine(error)}` : ` with exit code ${exitCode}.`;
    const last = output.at(-1);
    return new CosError("failed_precondition", `The build failed${where}${why}`, {
      hint: last === undefined ? "Correct this step and try again." : `Correct this step; its last output was: ${last}`,
      details: {
        ...(step === undefined ? {} : { step: step.number, steps: step.count, instruction: step.instruction }),
        ...(exitCode === undefined ? {} : { exitCode }),
        output,
      },
    });
  }
}

/** A line as a terminal would have left it, without control characters, of bounded length. */
function toLine(raw: string): string {
  const left =
    stripVTControlCharacters(raw)
      .split("\r")
      .findLast((part) => part.trim() !== "") ?? "";
  return left
    .replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .trim()
    .slice(0, maxLineLength);
}
