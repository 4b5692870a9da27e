import type { PromptMessage } from "@modelcontextprotocol/sdk/types.js";
import { embedded, image, text } from "./samples.ts";

interface Prompt {
  readonly description: string;
  /** The names of its arguments, all of which are required. */
  readonly arguments: readonly string[];
  messages(given: Readonly<Record<string, string>>): PromptMessage[];
}

const say = (...contents: PromptMessage["content"][]): PromptMessage[] =>
  contents.map((content) => ({ role: "user", content }));

/** The prompts that the conformance suite asks for, by name. */
export const prompts: Readonly<Record<string, Prompt>> = {
  test_simple_prompt: {
    description: "Takes nothing.",
    arguments: [],
    messages: () => say(text("This is a simple prompt for testing.")),
  },
  test_prompt_with_arguments: {
    description: "Says its two arguments.",
    arguments: ["arg1", "arg2"],
    messages: ({ arg1, arg2 }) => say(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  },
  test_prompt_with_embedded_resource: {
    description: "Has a resource inside.",
    arguments: ["resourceUri"],
    messages: ({ resourceUri = "" }) =>
      say(embedded(resourceUri, "text/plain", "What the resource holds."), text("Look at the resource above.")),
  },
  test_prompt_with_image: {
    description: "Has a picture inside.",
    arguments: [],
    messages: () => say(image, text("Look at the picture above.")),
  },
};
