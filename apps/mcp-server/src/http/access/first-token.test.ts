import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openOperator } from "@cos/control-plane";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startHttp } from "../../testing/http-process.ts";
import { type Installation, makeInstallation } from "../../testing/installation.ts";

let installation: Installation;
beforeEach(() => {
  installation = makeInstallation();
});
afterEach(() => installation.remove());

const tokens = () => openOperator({ env: installation.env }).tokens;
const start = (...args: string[]) => startHttp({ env: installation.env, args });

async function connect(url: string, token: string): Promise<Client> {
  const client = new Client({ name: "test", version: "1.0.0" });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }) as Transport);
  return client;
}

describe("a server without a token", () => {
  test("makes one for the caller that it is told, says how a client uses it, and records it", async () => {
    await using server = await start("--as", "laptop");
    await vi.waitFor(() => expect(server.stderr()).toContain("cos token create"));
    const [token = ""] = /cos_[A-Za-z0-9_-]{43}/.exec(server.stderr()) ?? [];
    expect(server.stderr()).toContain(
      `claude mcp add --transport http cos ${server.url} --header "Authorization: Bearer ${token}"`,
    );
    expect(tokens().list()).toMatchObject([{ name: "laptop", trustsDialogs: false, createdBy: "user" }]);
    expect(installation.auditEvents()).toMatchObject([
      { operation: "token_create", stage: "started", target: { kind: "token", name: "laptop" } },
      { operation: "token_create", stage: "succeeded" },
    ]);
    const client = await connect(server.url, token);
    expect((await client.listTools()).tools).not.toEqual([]);
    await client.close();
  });

  test("tells clients the name by which they reach it, where that is another than its address", async () => {
    await using server = await start("--trusted-proxy", "127.0.0.1", "--allowed-host", "cos.example");
    await vi.waitFor(() => expect(server.stderr()).toContain("cos token create"));
    expect(server.stderr()).toContain("--transport http cos https://cos.example/mcp --header");
  });

  test("makes none when there is one, and lets only that one in, until it is revoked", async () => {
    const by = { kind: "script", name: "user", hostRoots: [] } as const;
    const { secret } = tokens().create({ name: "laptop" }, by);
    await using server = await start();
    await expect(connect(server.url, `cos_${"A".repeat(43)}`)).rejects.toThrow(/not good/);
    const client = await connect(server.url, secret);
    tokens().revoke("laptop", by);
    await expect(client.listTools()).rejects.toThrow(/not good/);
    await client.close();
    expect(server.stderr()).not.toContain("token");
    expect(tokens().list()).toEqual([]);
  });

  test("makes none where an issuer gives them out, or everybody is let in", async () => {
    const oauth = ["--oauth-issuer", "https://id.example.com", "--oauth-audience", "https://cos.example.com/mcp"];
    for (const args of [oauth, ["--insecure-no-auth"]]) {
      await using server = await start(...args);
      server.kill("SIGTERM");
      expect(await server.ended).toBe(0);
      expect(server.stderr()).toBe(`cos-mcp: Serving at ${server.url}\n`);
    }
    expect(tokens().list()).toEqual([]);
  });

  test.each([[[]], [["--oauth-issuer", "https://id.example.com", "--oauth-audience", "https://cos.example.com/mcp"]]])(
    "does not start when the list of tokens is damaged: %j",
    async (args) => {
      tokens().create({ name: "laptop" }, { kind: "script", name: "user", hostRoots: [] });
      const file = join(installation.home, "cos", "access-tokens.json");
      writeFileSync(file, readFileSync(file, "utf8").slice(1));
      await expect(start(...args)).rejects.toThrow(/ended with 1: cos-mcp: The list of access tokens .* is damaged/);
    },
  );
});
