import type { Call, Outcome } from "@cos/control-plane";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { expect, test } from "vitest";
import { controlPlaneWith } from "../testing/control-plane.ts";
import { serveHttp } from "./serve-http.ts";

const known = { callId: "1", rule: "some-rule", reason: "Somebody has to say so." };
const confirm = {
  ...known,
  status: "confirm",
  preview: { text: "Stop web.", changes: {} },
  confirmToken: "the-token",
  expiresInSeconds: 120,
} as const;
const perform = async ({ confirmToken, declined }: Call): Promise<Outcome> => {
  if (declined === true) return { ...known, status: "denied" };
  return confirmToken === "the-token" ? { status: "done", callId: "2", result: {}, text: "stopped" } : confirm;
};

/** A client whose user is asked this often in a call that needs a confirmation, and what the call answers. */
async function callWith(trustsDialogs: boolean, action: "accept" | "decline") {
  const caller = { kind: "http", name: "agent", hostRoots: [] } as const;
  const authenticate = async () => ({ caller, trustsDialogs });
  await using server = await serveHttp(
    { controlPlane: controlPlaneWith({ perform }), engines: ["local"] },
    { host: "127.0.0.1", port: 0, authenticate },
  );
  const client = new Client({ name: "test", version: "1.0.0" }, { capabilities: { elicitation: { form: {} } } });
  let asked = 0;
  client.setRequestHandler(ElicitRequestSchema, () => {
    asked++;
    return { action };
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(server.url)) as Transport);
  const { structuredContent } = await client.callTool({ name: "container_stop", arguments: { container: "web" } });
  await client.close();
  return { asked, status: (structuredContent as { status: string }).status };
}

test.each([
  [true, "accept", { asked: 1, status: "done" }],
  [true, "decline", { asked: 1, status: "denied" }],
  [false, "accept", { asked: 0, status: "confirm" }],
] as const)("a client trusted with dialogs: %s, whose user would answer %s", async (trusted, action, outcome) => {
  expect(await callWith(trusted, action)).toEqual(outcome);
});
