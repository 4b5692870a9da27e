import { describe, expect, test } from "vitest";

import { options } from "../../apps/mcp-server/src/options.ts";
import { type Manifest, ownerOf, toServerJson } from "./document.ts";
import { findProblems } from "./rules.ts";

const manifest: Manifest = {
  name: "@cos/mcp-server",
  version: "1.2.3",
  description: "An MCP server.",
  mcpName: "io.github.somebody/cos",
  repository: { url: "git+https://github.com/somebody/cos.git", directory: "apps/mcp-server" },
};

const document = (): any => structuredClone(toServerJson(manifest, options));

describe("what the registry of MCP servers is told", () => {
  test("keeps its rules, and follows the manifest", () => {
    expect(findProblems(document())).toEqual([]);
    expect(document()).toMatchObject({
      name: "io.github.somebody/cos",
      version: "1.2.3",
      repository: { url: "https://github.com/somebody/cos", source: "github", subfolder: "apps/mcp-server" },
      packages: [
        { registryType: "npm", identifier: "@cos/mcp-server", version: "1.2.3", transport: { type: "stdio" } },
        { registryType: "npm", transport: { type: "streamable-http", url: "http://127.0.0.1:{--port}/mcp" } },
        { registryType: "oci", identifier: "ghcr.io/somebody/cos-mcp:1.2.3" },
      ],
    });
  });

  test("has a place for the owner as long as nobody knows who that is", () => {
    const { repository: _repository, ...unknown } = manifest;
    expect(ownerOf(unknown)).toBe("OWNER");
    expect(toServerJson(unknown, options)).not.toHaveProperty("repository");
  });

  test.each<[string, (document: any) => void, RegExp]>([
    ["a long description", (it) => (it.description = "x".repeat(101)), /^description: /],
    ["a name without a namespace", (it) => (it.name = "cos"), /^name: /],
    ["a version that is a range", (it) => (it.version = "^1.2.3"), /^version: /],
    ["a version that moves", (it) => (it.packages[0].version = "latest"), /^packages\[0\]: /],
    ["an older format", (it) => (it.$schema = it.$schema.replace("2025", "2024")), /^\$schema: /],
    [
      "an image with its version beside it",
      (it) => (it.packages[2].version = "1.2.3"),
      /^packages\[2\]: version belongs/,
    ],
    ["an address that nothing completes", (it) => (it.packages[1].transport.url += "/{x}"), /what \{x\} is$/],
    ["an address of stdio", (it) => (it.packages[0].transport.url = "http://x"), /stdio has no address/],
    [
      "a value that repeats its flag",
      (it) => (it.packages[0].packageArguments[0].value = "--as=x"),
      /repeats the flag/,
    ],
    ["a value that nothing completes", (it) => (it.packages[2].runtimeArguments[0].value = "{x}"), /what \{x\} is$/],
  ])("is not taken with %s", (_what, spoil, problem) => {
    const spoilt = document();
    spoil(spoilt);
    expect(findProblems(spoilt)).toEqual([expect.stringMatching(problem)]);
  });
});
