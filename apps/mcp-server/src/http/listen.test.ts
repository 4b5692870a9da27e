import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startHttp } from "../testing/http-process.ts";
import { type Installation, makeInstallation } from "../testing/installation.ts";

let installation: Installation;
beforeAll(() => {
  installation = makeInstallation();
});
afterAll(() => installation.remove());

describe("a server that listens for HTTP", () => {
  test("says where, serves clients, and ends when it is told to though they are still there", async () => {
    await using server = await startHttp(installation);
    expect(server.stderr()).toBe(`cos-mcp: Serving at ${server.url}\n`);
    const client = new Client({ name: "test", version: "1.0.0" });
    await client.connect(new StreamableHTTPClientTransport(new URL(server.url)) as Transport);
    expect(client.getServerVersion()).toMatchObject({ name: "cos" });
    server.kill("SIGTERM");
    expect(await server.ended).toBe(0);
    await client.close();
  });
});
