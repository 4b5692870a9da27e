import type { Call, Caller, Outcome } from "@cos/control-plane";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { type CallToolResult, type ClientCapabilities, ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { describe, expect, test, vi } from "vitest";
import { createServer } from "../server.ts";
import { controlPlaneWith } from "../testing/control-plane.ts";

const caller: Caller = { kind: "stdio", name: "agent", hostRoots: [] };
const forms: ClientCapabilities = { elicitation: { form: {} } };
const known = { callId: "1", rule: "some-rule", reason: "Somebody has to say so." };
const undecided = { ...known, preview: { text: "Stop web.", changes: {} }, expiresInSeconds: 120 };
const confirm = { ...undecided, status: "confirm", confirmToken: "the-token" } as const;
const pending = { ...undecided, status: "pending", reference: "r1" } as const;

/** What the control plane makes of a call that needs a confirmation. */
const confirming = async ({ confirmToken, declined }: Call): Promise<Outcome> => {
  if (declined === true) return { ...known, status: "denied", reason: "A person was asked, and said no." };
  return confirmToken === "the-token" ? { status: "done", callId: "2", result: {}, text: "stopped" } : confirm;
};

/** A client with these capabilities, whose user answers like this, and a server that trusts it or not. */
async function open(options: {
  readonly perform?: (call: Call) => Promise<Outcome>;
  readonly capabilities?: ClientCapabilities;
  readonly trustsDialogs?: boolean;
  readonly answer?: () => Promise<"accept" | "decline" | "cancel">;
}) {
  const { capabilities = forms, trustsDialogs = true, answer = async () => "accept" as const } = options;
  const perform = vi.fn(options.perform ?? confirming);
  const { server, cancel, settled } = createServer({
    controlPlane: controlPlaneWith({ perform }),
    caller,
    engines: ["local"],
    trustsDialogs,
  });
  const client = new Client({ name: "test", version: "1.0.0" }, { capabilities });
  const asked: string[] = [];
  if (capabilities.elicitation !== undefined) {
    client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
      asked.push(params.message);
      return { action: await answer() };
    });
  }
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(theirs), client.connect(ours)]);
  const call = async (args: Record<string, unknown> = { container: "web" }, signal?: AbortSignal) =>
    (await client.callTool(
      { name: "container_stop", arguments: args },
      undefined,
      signal && { signal },
    )) as CallToolResult;
  return { perform, asked, call, cancel, settled, client };
}

const calls = (perform: { readonly mock: { readonly calls: readonly (readonly Call[])[] } }) =>
  perform.mock.calls.map(([call]) => call);

describe("a call that needs a confirmation, of a client whose dialogs the operator trusts", () => {
  test("is asked about once and done within the one call, as confirmed by a person", async () => {
    const { perform, asked, call } = await open({});
    expect(await call()).toMatchObject({ structuredContent: { status: "done" }, content: [{ text: "stopped" }] });
    expect(asked).toHaveLength(1);
    const [first, second] = calls(perform);
    expect(first).not.toHaveProperty("confirmToken");
    expect(second).toMatchObject({
      input: first?.input,
      confirmToken: "the-token",
      confirmedBy: "person",
      declined: false,
    });
    expect(perform).toHaveBeenCalledTimes(2);
  });

  test("is asked about with what would happen, why it is asked, and the arguments", async () => {
    const { asked, call } = await open({});
    await call({ container: "web\u202E", graceSeconds: 5, confirmed: "x".repeat(5000) });
    const [message = ""] = asked;
    for (const part of [
      "Stop web.",
      "Somebody has to say so.",
      "container_stop",
      '"graceSeconds": 5',
      "web\\u202e",
      "(and more)",
    ])
      expect(message).toContain(part);
    expect(message.length).toBeLessThan(2300);
  });

  test.each(["decline", "cancel"] as const)(
    "is refused when the user answers %s, and that is recorded",
    async (action) => {
      const { perform, call } = await open({ answer: async () => action });
      expect(await call()).toMatchObject({ isError: true, structuredContent: { status: "denied", rule: "some-rule" } });
      expect(calls(perform)[1]).toMatchObject({ confirmToken: "the-token", declined: true });
    },
  );

  test("is refused when nobody answers while the question holds", async () => {
    const soon = { ...confirm, expiresInSeconds: 0.05 };
    const { perform, call } = await open({
      perform: async (given) => (given.confirmToken === undefined ? soon : await confirming(given)),
      answer: () => new Promise(() => {}),
    });
    expect(await call()).toMatchObject({ structuredContent: { status: "denied" } });
    expect(calls(perform)[1]).toMatchObject({ declined: true });
  });

  test("fails when the client cannot show the dialog, and nothing is done", async () => {
    const { perform, call } = await open({ answer: () => Promise.reject(new Error("no screen")) });
    expect(await call()).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/^Error: The client did not show .* \(unavailable\)\nhint: /) }],
    });
    expect(perform).toHaveBeenCalledOnce();
  });

  test("ends with the call when that is cancelled meanwhile, and nothing is done", async () => {
    const { perform, asked, call, cancel, settled } = await open({ answer: () => new Promise(() => {}) });
    const answered = call();
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    cancel();
    await settled();
    expect(await answered).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("(cancelled)") }],
    });
    expect(perform).toHaveBeenCalledOnce();
  });

  test("is judged again after the answer: what has changed meanwhile is refused", async () => {
    const { call } = await open({
      perform: async ({ confirmToken }) => (confirmToken === undefined ? confirm : { ...known, status: "denied" }),
    });
    expect(await call()).toMatchObject({ isError: true, structuredContent: { status: "denied" } });
  });
});

describe("the preview and the token are for the client to show", () => {
  test.each([
    ["that the operator does not trust", { trustsDialogs: false }],
    ["that says nothing of dialogs", { capabilities: {} }],
    ["that only opens pages", { capabilities: { elicitation: { url: {} } } }],
  ])("of one %s", async (_which, options) => {
    const { perform, asked, call } = await open(options);
    expect(await call()).toMatchObject({ structuredContent: { status: "confirm", confirmToken: "the-token" } });
    expect(asked).toEqual([]);
    expect(perform).toHaveBeenCalledOnce();
  });
});

test("a client that knows only forms, and so does not name them, is asked too", async () => {
  const { asked, call } = await open({ capabilities: { elicitation: {} } });
  expect(await call()).toMatchObject({ structuredContent: { status: "done" } });
  expect(asked).toHaveLength(1);
});

test("what needs an approval is never asked on the caller's own connection", async () => {
  const { asked, call } = await open({ perform: async () => pending });
  expect(await call()).toMatchObject({ structuredContent: { status: "pending", reference: "r1" } });
  expect(asked).toEqual([]);
});
