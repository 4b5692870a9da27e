#!/usr/bin/env node
// check-server-json.ts [--write]: makes sure that apps/mcp-server/server.json, which the registry of MCP servers is told,
// says what the manifest and the options of the server say, and keeps the registry's rules.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { options } from "../apps/mcp-server/src/options.ts";
import { type Manifest, ownerOf, toServerJson } from "./server-json/document.ts";
import { findProblems } from "./server-json/rules.ts";

const root = join(import.meta.dirname, "..");
const file = "apps/mcp-server/server.json";
const manifest = JSON.parse(readFileSync(join(root, "apps/mcp-server/package.json"), "utf8")) as Manifest;
const document = toServerJson(manifest, options);
const text = execFileSync(join(root, "node_modules/.bin/oxfmt"), [`--stdin-filepath=${file}`], {
  cwd: root,
  input: JSON.stringify(document, null, 2),
  encoding: "utf8",
});

const problems = findProblems(document).map((problem) => `${file}: ${problem}`);
const name = `io.github.${ownerOf(manifest)}/cos`;
if (manifest.mcpName !== name) problems.push(`apps/mcp-server/package.json: mcpName should be ${name}`);
const label = `io.modelcontextprotocol.server.name="${manifest.mcpName}"`;
if (!readFileSync(join(root, "apps/mcp-server/Dockerfile"), "utf8").includes(label)) {
  problems.push(`apps/mcp-server/Dockerfile: expected LABEL ${label}`);
}
if (process.argv.includes("--write")) writeFileSync(join(root, file), text);
else if (!existsSync(join(root, file)) || readFileSync(join(root, file), "utf8") !== text) {
  problems.push(
    `${file} is out of date. Write it anew: node --conditions=@cos/source scripts/check-server-json.ts --write`,
  );
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
