import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import {
  type CallToolResult,
  CreateMessageResultSchema,
  type ElicitRequestFormParams,
  ElicitResultSchema,
  type ServerNotification,
  type ServerRequest,
  type Tool,
} from "@modelcontextprotocol/sdk/types.js";
import { text } from "./samples.ts";

type Called = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** A tool that the conformance suite asks for. */
export interface AskedTool {
  readonly description: string;
  readonly inputSchema: Tool["inputSchema"];
  run(input: Readonly<Record<string, unknown>>, called: Called): Promise<CallToolResult>;
}

const noInput: Tool["inputSchema"] = { type: "object", properties: {} };
const oneText = (name: string): Tool["inputSchema"] => ({
  type: "object",
  properties: { [name]: { type: "string" } },
  required: [name],
});

/** Shows the client's user a form, on the stream of the call. */
async function elicit({ sendRequest }: Called, message: string, requestedSchema: Form): Promise<CallToolResult> {
  const request = { method: "elicitation/create" as const, params: { message, requestedSchema } };
  const { action, content } = await sendRequest(request, ElicitResultSchema);
  return { content: [text(`Elicitation completed: action=${action}, content=${JSON.stringify(content ?? {})}`)] };
}

type Form = ElicitRequestFormParams["requestedSchema"];

const defaults: Form = {
  type: "object",
  properties: {
    name: { type: "string", default: "John Doe" },
    age: { type: "integer", default: 30 },
    score: { type: "number", default: 95.5 },
    status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
    verified: { type: "boolean", default: true },
  },
};

const titled = (kind: string) =>
  ["First", "Second", "Third"].map((nth, i) => ({ const: `value${i + 1}`, title: `${nth} ${kind}` }));
const untitled = ["option1", "option2", "option3"];
const choices: Form = {
  type: "object",
  properties: {
    untitledSingle: { type: "string", enum: untitled },
    titledSingle: { type: "string", oneOf: titled("Option") },
    legacyEnum: {
      type: "string",
      enum: ["opt1", "opt2", "opt3"],
      enumNames: ["Option One", "Option Two", "Option Three"],
    },
    untitledMulti: { type: "array", items: { type: "string", enum: untitled } },
    titledMulti: { type: "array", items: { anyOf: titled("Choice") } },
  },
};

/** The tools that ask the client for something while they run, by name. */
export const dialogs: Readonly<Record<string, AskedTool>> = {
  test_sampling: {
    description: "Has the client's model answer a prompt.",
    inputSchema: oneText("prompt"),
    async run({ prompt }, { sendRequest }) {
      const messages = [{ role: "user" as const, content: text(String(prompt)) }];
      const request = { method: "sampling/createMessage" as const, params: { messages, maxTokens: 100 } };
      const { content } = await sendRequest(request, CreateMessageResultSchema);
      return { content: [text(`LLM response: ${content.type === "text" ? content.text : content.type}`)] };
    },
  },
  test_elicitation: {
    description: "Asks the client's user for a name and an address.",
    inputSchema: oneText("message"),
    run: ({ message }, called) =>
      elicit(called, String(message), {
        type: "object",
        properties: { username: { type: "string" }, email: { type: "string" } },
        required: ["username", "email"],
      }),
  },
  test_elicitation_sep1034_defaults: {
    description: "Shows a form that is filled in.",
    inputSchema: noInput,
    run: (_input, called) => elicit(called, "Is this right?", defaults),
  },
  test_elicitation_sep1330_enums: {
    description: "Shows a form with all kinds of choices.",
    inputSchema: noInput,
    run: (_input, called) => elicit(called, "Choose.", choices),
  },
};
