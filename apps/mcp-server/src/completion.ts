import { printable } from "@cos/core";
import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { CompleteResult } from "@modelcontextprotocol/sdk/types.js";
import { invalidParams, quoted, requestOf, toObject } from "./requests.ts";
import type { RunningCalls } from "./running-calls.ts";

/** What is known when an argument is completed. */
export interface CompletionContext {
  /** The arguments that were chosen before. */
  readonly chosen: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/**
 * What an argument could become that begins with `value`, the best first; undefined when there is no argument of that
 * name. What fails is answered as nothing: a completion is only an offer.
 */
export type Complete = (
  argument: string,
  value: string,
  context: CompletionContext,
) => Promise<readonly string[]> | undefined;

/** Finds what completes the arguments of a prompt, by its name, or of a resource template, by its URI. */
export type FindComplete = (name: string) => Promise<Complete | undefined>;

/** Who completes what, by the type of the reference. */
export interface Completions {
  readonly "ref/prompt": FindComplete;
  readonly "ref/resource": FindComplete;
}

const completeRequest = requestOf("completion/complete");
/** Most values of an answer, by the protocol. */
const mostValues = 100;

/** Offers completion of the arguments of prompts and resource templates. */
export function offerCompletion(server: Server, completions: Completions, calls: RunningCalls): void {
  server.setRequestHandler(completeRequest, async ({ params }, extra) => {
    const { complete, argument, value, chosen } = await read(params, completions);
    return await calls.run(extra.signal, async (signal) => {
      const values = complete(argument, value, { chosen, signal });
      if (values === undefined) throw invalidParams(`There is no argument ${quoted(argument)} to complete.`);
      return toResult(await values.catch(() => []));
    });
  });
}

/** @throws `invalidParams` which says what is wrong. */
async function read(params: Readonly<Record<string, unknown>>, completions: Completions) {
  const ref = toObject(params["ref"]);
  const [type, argument] = [ref?.["type"], toObject(params["argument"])];
  if (type !== "ref/prompt" && type !== "ref/resource")
    throw invalidParams('`ref` has no `type` that is known: "ref/prompt" or "ref/resource".');
  const of = ref?.[type === "ref/prompt" ? "name" : "uri"];
  const [name, value] = [argument?.["name"], argument?.["value"]];
  if (typeof of !== "string" || typeof name !== "string" || typeof value !== "string")
    throw invalidParams(
      "`ref` needs the `name` of a prompt or the `uri` of a template, `argument` a `name` and a `value`.",
    );
  const complete = await completions[type](of);
  if (complete === undefined)
    throw invalidParams(`There is no ${type === "ref/prompt" ? "prompt" : "resource template"} ${quoted(of)}.`);
  const chosen = Object.entries(toObject(toObject(params["context"])?.["arguments"]) ?? {});
  return {
    complete,
    argument: name,
    value,
    chosen: Object.fromEntries(chosen.filter((entry): entry is [string, string] => typeof entry[1] === "string")),
  };
}

/** Without what is there twice, and without texts that would have to be escaped: those are nobody's to choose. */
function toResult(found: readonly string[]): CompleteResult {
  const values = [...new Set(found)].filter((value) => printable(value) === value);
  const shown = values.slice(0, mostValues);
  return { completion: { values: shown, total: values.length, hasMore: shown.length < values.length } };
}
