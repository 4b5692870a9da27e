import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { EmptyResultSchema, ErrorCode } from "@modelcontextprotocol/sdk/types.js";
import { describe, expect, test, vi } from "vitest";
import { type Complete, offerCompletion } from "./completion.ts";
import { createRunningCalls } from "./running-calls.ts";

/** A client of a server that has the prompt `greet` and the template `thing://{id}`, completed by the same function. */
async function connect(complete: Complete) {
  const implementation = { name: "test", version: "1.0.0" };
  const server = new Server(implementation, { capabilities: { completions: {} } });
  const find = (known: string) => (name: string) => Promise.resolve(name === known ? complete : undefined);
  offerCompletion(server, { "ref/prompt": find("greet"), "ref/resource": find("thing://{id}") }, createRunningCalls());
  const client = new Client(implementation);
  const [one, other] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(one), client.connect(other)]);
  return client;
}

const prompt = { type: "ref/prompt", name: "greet" } as const;

describe("completion", () => {
  test("asks who knows the prompt or the template, with what was chosen before", async () => {
    const complete = vi.fn<Complete>(() => Promise.resolve(["ada", "adam"]));
    const client = await connect(complete);
    const argument = { name: "who", value: "ad" };
    const known = { completion: { values: ["ada", "adam"], total: 2, hasMore: false } };
    expect(await client.complete({ ref: prompt, argument, context: { arguments: { how: "hi" } } })).toEqual(known);
    const chosen = { how: "hi" };
    expect(complete).toHaveBeenLastCalledWith("who", "ad", { chosen, signal: expect.any(AbortSignal) });
    expect(await client.complete({ ref: { type: "ref/resource", uri: "thing://{id}" }, argument })).toEqual(known);
  });

  test("answers with a hundred values at most, each once, and none that would disguise itself", async () => {
    const values = ["a", "a", "b\u001b[2J", "b\u202Ec", ...Array.from({ length: 150 }, (_, index) => `c${index}`)];
    const client = await connect(() => Promise.resolve(values));
    const { completion } = await client.complete({ ref: prompt, argument: { name: "who", value: "" } });
    expect(completion).toMatchObject({ total: 151, hasMore: true });
    expect(completion.values).toEqual(["a", ...values.slice(4, 103)]);
  });

  test("that fails is an offer of nothing", async () => {
    const client = await connect(() => Promise.reject(new Error("no")));
    expect(await client.complete({ ref: prompt, argument: { name: "who", value: "" } })).toEqual({
      completion: { values: [], total: 0, hasMore: false },
    });
  });

  const argument = { name: "who", value: "" };
  test.each([
    ["of a prompt that is none", { ref: { ...prompt, name: "leave" }, argument }, /There is no prompt "leave"/],
    ["of a template that is none", { ref: { type: "ref/resource", uri: "x://" }, argument }, /no resource template "x/],
    ["of an argument that is none", { ref: prompt, argument: { name: "age", value: "" } }, /no argument "age"/],
    ["of something else", { ref: { type: "ref/tool", name: "ping" }, argument }, /`type`/],
    ["of nothing", { argument }, /`type`/],
    ["without an argument", { ref: prompt }, /`argument`/],
    ["without a value", { ref: prompt, argument: { name: "who" } }, /`value`/],
    ["of a number", { ref: prompt, argument: { name: "who", value: 1 } }, /`value`/],
  ])("%s is refused as invalid, in words", async (_what, params, message) => {
    const client = await connect((name) => (name === "who" ? Promise.resolve([]) : undefined));
    await expect(client.request({ method: "completion/complete", params }, EmptyResultSchema)).rejects.toMatchObject({
      code: ErrorCode.InvalidParams,
      message: expect.stringMatching(message),
    });
  });
});
