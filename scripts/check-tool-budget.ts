#!/usr/bin/env node
// check-tool-budget.ts [--verbose]: makes sure that the list of tools leaves a model room for its work. Counted is the answer
// to `tools/list`, output schemas included, in tokens of the encoding o200k_base (package gpt-tokenizer); other models' tokenizers
// come within some percent of it. Run it with --conditions=@cos/source.
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";

import { toTool } from "../apps/mcp-server/src/tools/tool.ts";
import { chooseTools } from "../apps/mcp-server/src/tools/toolsets.ts";

/** Most tokens of a list. */
const budgets = [
  { toolset: "default", most: 9_000 },
  { toolset: "all", most: 24_000 },
] as const;
/** Most tokens of a single tool, and most that its description may have of them. */
const [mostOfTool, mostOfDescription] = [1_700, 220];

const count = (value: unknown): number => countTokens(JSON.stringify(value));
const failures: string[] = [];

for (const { toolset, most } of budgets) {
  const tools = chooseTools({ toolsets: [toolset] }).map((operation) => toTool(operation));
  const tokens = count({ tools });
  const said = `the toolset ${toolset}: ${String(tools.length)} tools, ${String(tokens)} of ${String(most)} tokens`;
  console.log(said);
  if (tokens > most) failures.push(said);
}
for (const tool of chooseTools({ toolsets: ["all"] }).map((operation) => toTool(operation))) {
  const { name, description, inputSchema, outputSchema } = tool;
  const [tokens, ofDescription] = [count(tool), count(description)];
  const said = `${name}: ${String(tokens)} tokens; description ${String(ofDescription)}, input ${String(count(inputSchema))}, output ${String(count(outputSchema))}`;
  if (process.argv.includes("--verbose")) console.log(said);
  if (tokens > mostOfTool || ofDescription > mostOfDescription) failures.push(said);
}

for (const failure of failures) console.error(`Too long: ${failure}`);
process.exitCode = failures.length === 0 ? 0 : 1;
