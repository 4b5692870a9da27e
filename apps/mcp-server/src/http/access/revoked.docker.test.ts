import { randomBytes } from "node:crypto";
import { openControlPlane, openOperator } from "@cos/control-plane";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startHttp } from "../../testing/http-process.ts";
import { type Installation, makeInstallation } from "../../testing/installation.ts";

const mark = `mcp-revoked-${randomBytes(4).toString("hex")}`;
const by = { kind: "script", name: "user", hostRoots: [] } as const;
let installation: Installation;

beforeAll(() => {
  installation = makeInstallation();
});
afterAll(async () => {
  for (const { id } of await listJobs()) await perform("container_rm", { container: id, force: true });
  installation.remove();
});

/** Asks past the server, as the caller whose jobs they are. */
async function perform(operation: string, input: object) {
  await using controlPlane = openControlPlane({ writer: "test", env: installation.env });
  const caller = { kind: "http", name: "laptop", hostRoots: [] } as const;
  const outcome = await controlPlane.perform({ operation, input, caller });
  return outcome.status === "done" ? outcome.result : expect.unreachable();
}

async function listJobs() {
  const { containers } = (await perform("container_list", { all: true })) as {
    containers: { id: string; state: string; owner?: string; labels: Record<string, string> }[];
  };
  return containers.filter(({ labels }) => labels["user.test"] === mark);
}

test("what a client runs is gone once its token is revoked, and the log says who ran it", async () => {
  const { tokens } = openOperator({ env: installation.env });
  const { secret } = tokens.create({ name: "laptop" }, by);
  await using server = await startHttp({ env: installation.env, args: [] });
  const client = new Client({ name: "test", version: "1.0.0" });
  const requestInit = { headers: { authorization: `Bearer ${secret}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(server.url), { requestInit }) as Transport);
  const job = { image: "busybox", pull: "never", command: "sleep 300", labels: { "user.test": mark } };
  const running = client.callTool({ name: "container_run", arguments: job }, undefined, { timeout: 60_000 });
  running.catch(() => undefined);
  const isRunning = async () => expect(await listJobs()).toMatchObject([{ state: "running" }]);
  await vi.waitFor(isRunning, { timeout: 20_000 });

  tokens.revoke("laptop", by);
  await vi.waitFor(async () => expect(await listJobs()).toEqual([]), { timeout: 20_000 });
  const called = () => installation.auditEvents().filter(({ operation }) => operation === "container_run");
  await vi.waitFor(() => expect(called()).toHaveLength(2), { timeout: 20_000 });
  expect(called()).toMatchObject(
    ["started", "succeeded"].map((stage) => ({ stage, caller: { kind: "http", name: "laptop" } })),
  );
  expect(server.stderr() + JSON.stringify(installation.auditEvents())).not.toContain(secret.slice(4));
  await client.close();
});
