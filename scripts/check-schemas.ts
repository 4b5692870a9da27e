#!/usr/bin/env node
// check-schemas.ts [--write]: makes sure that the published JSON schemas say what the schemas in the code say. Run it with
// --conditions=@cos/source.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { toConfigSchema } from "../packages/control-plane/src/engines/config-file.ts";
import { toPolicySchema } from "../packages/policy/src/policy-file.ts";

const root = join(import.meta.dirname, "..");
const wanted = new Map([
  ["packages/policy/schema/policy.schema.json", toPolicySchema()],
  ["packages/control-plane/schema/cos.config.schema.json", toConfigSchema()],
]);

for (const [file, schema] of wanted) {
  const path = join(root, file);
  const text = format(file, JSON.stringify(schema));
  if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
  if (process.argv.includes("--write")) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } else {
    console.error(
      `${file} is out of date. Write it anew: node --conditions=@cos/source scripts/check-schemas.ts --write`,
    );
    process.exitCode = 1;
  }
}

/** As the formatter of the repository leaves it, so that both agree. */
function format(file: string, text: string): string {
  return execFileSync(join(root, "node_modules/.bin/oxfmt"), [`--stdin-filepath=${file}`], {
    cwd: root,
    input: text,
    encoding: "utf8",
  });
}
