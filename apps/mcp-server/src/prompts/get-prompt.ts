import type { GetPromptResult, Prompt as ListedPrompt } from "@modelcontextprotocol/sdk/types.js";
import type { Complete } from "../completion.ts";
import { invalidParams, quoted, toObject } from "../requests.ts";
import type { ServerParts } from "../server.ts";
import { chooseTools } from "../tools/toolsets.ts";
import { createLook } from "./look.ts";
import type { Prompt, PromptArgument } from "./prompt.ts";
import { prompts } from "./prompts.ts";

/** All prompts, as clients list them. */
export function listPrompts(engines: readonly string[]): ListedPrompt[] {
  return prompts.map((prompt) => ({
    name: prompt.name,
    title: prompt.title,
    description: prompt.description,
    arguments: argumentsOf(prompt, engines).map(({ name, description, required }) => ({ name, description, required })),
  }));
}

/** Writes the prompt that a request asks for. */
export async function getPrompt(
  { name, arguments: given }: Readonly<Record<string, unknown>>,
  parts: ServerParts,
  signal: AbortSignal,
): Promise<GetPromptResult> {
  if (typeof name !== "string") throw invalidParams("`name` has to be the name of a prompt.");
  const prompt = prompts.find((known) => known.name === name);
  if (prompt === undefined) throw invalidParams(`There is no prompt ${quoted(name)}.`);
  const { engine, ...own } = toArguments(prompt, given, parts.engines);
  const written = await prompt.write(createLook(parts, engine, signal), own);
  const text = [...whereOf(engine), ...missingOf(prompt, parts), written].join("\n\n");
  return { description: prompt.description, messages: [{ role: "user", content: { type: "text", text } }] };
}

/** What the model has to know when the prompt is about one engine of several. */
function whereOf(engine: string | undefined): string[] {
  if (engine === undefined) return [];
  return [`All of this is about the engine ${engine}: give every call engine=${JSON.stringify(engine)}.`];
}

/** What the model has to know when it is not offered all the tools that the prompt is about. */
function missingOf({ tools }: Prompt, { tools: offered = chooseTools() }: ServerParts): string[] {
  const missing = tools.filter((name) => !offered.some((operation) => operation.name === name));
  if (missing.length === 0) return [];
  return [
    `Of the tools that are named here you do not have: ${missing.join(", ")}. They come with a server that is started with more of them (--toolsets all, and not --read-only). Tell your user when something that they want takes one.`,
  ];
}

/** What completes the arguments of a prompt. */
export function findCompletion(name: string, parts: ServerParts): Complete | undefined {
  const prompt = prompts.find((known) => known.name === name);
  if (prompt === undefined) return undefined;
  return (argument, value, { chosen, signal }) => {
    const found = argumentsOf(prompt, parts.engines).find((known) => known.name === argument);
    if (found === undefined) return undefined;
    return found.complete?.(createLook(parts, chosen["engine"], signal), value) ?? Promise.resolve([]);
  };
}

/** Its own, and with several engines which of them it is about. */
function argumentsOf(prompt: Prompt, engines: readonly string[]): readonly PromptArgument[] {
  if (engines.length < 2) return prompt.arguments;
  const engine: PromptArgument = {
    name: "engine",
    description: `The engine: ${engines.join(", ")}. Default: ${engines[0]}.`,
    required: false,
    maxLength: 64,
    complete: (_, value) => Promise.resolve(engines.filter((name) => name.startsWith(value))),
  };
  return [...prompt.arguments, engine];
}

/** The arguments of a request, each of which is known, a text, and not too long. An empty one was not given. */
function toArguments(prompt: Prompt, given: unknown, engines: readonly string[]): Record<string, string> {
  const known = argumentsOf(prompt, engines);
  const values = toObject(given ?? {});
  if (values === undefined) throw invalidParams("`arguments` has to be an object.");
  const unknown = Object.keys(values).find((name) => !known.some((argument) => argument.name === name));
  if (unknown !== undefined) {
    const names = known.map(({ name }) => `\`${name}\``).join(", ");
    throw invalidParams(`${prompt.name} takes no argument ${quoted(unknown)}. It takes ${names || "none"}.`);
  }
  const read: Record<string, string> = {};
  for (const { name, required, maxLength } of known) {
    const value = values[name] ?? "";
    if (typeof value !== "string") throw invalidParams(`The argument \`${name}\` has to be a text.`);
    if (value.trim() === "") {
      if (required) throw invalidParams(`${prompt.name} needs the argument \`${name}\`.`);
      continue;
    }
    if (value.length > maxLength)
      throw invalidParams(`The argument \`${name}\` has more than ${maxLength} characters.`);
    read[name] = value;
  }
  const { engine } = read;
  if (engine !== undefined && !engines.includes(engine))
    throw invalidParams(
      `The argument \`engine\`: there is no engine ${quoted(engine)}. There is: ${engines.join(", ")}.`,
    );
  return read;
}
