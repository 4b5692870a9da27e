#!/usr/bin/env node
// check-reference.ts [--write]: makes sure that docs/reference.md says what the catalogue and the command line say, and
// that examples shown in READMEs are the files in examples/. Run it with --conditions=@cos/source.
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { embed, findEmbedded } from "./reference/embedded.ts";
import { toReferencePage } from "./reference/page.ts";

const root = join(import.meta.dirname, "..");
const reference = "docs/reference.md";
const libraryExample = "examples/library-job.ts";

const pages = [
  "README.md",
  ...globSync(["docs/*.md", "packages/*/README.md", "apps/*/README.md"], { cwd: root })
    .filter((page) => page !== reference)
    .toSorted(),
];
const wanted = new Map([
  [reference, format(reference, await toReferencePage())],
  ...pages.map((page) => [page, embed(read(page), read)] as const),
]);
const problems = [...wanted].flatMap(([file, text]) => toProblem(file, text) ?? []);

if (process.argv.includes("--write")) {
  for (const [file, text] of wanted) if (read(file) !== text) writeFileSync(join(root, file), text);
} else if (problems.length > 0) {
  console.error(
    `${problems.join("\n")}\nBring them up to date: node --conditions=@cos/source scripts/check-reference.ts --write`,
  );
  process.exitCode = 1;
}
if (!findEmbedded(read("README.md")).includes(libraryExample)) {
  console.error(`README.md does not show ${libraryExample}.`);
  process.exitCode = 1;
}

function toProblem(file: string, text: string): string | undefined {
  const [expected, actual] = [text.split("\n"), read(file).split("\n")];
  const line = Array.from({ length: Math.max(expected.length, actual.length) }).findIndex(
    (_, at) => expected[at] !== actual[at],
  );
  return line === -1
    ? undefined
    : `${file}:${line + 1} is out of date.\n- ${actual[line] ?? "(end)"}\n+ ${expected[line] ?? "(end)"}`;
}

function read(file: string): string {
  const path = join(root, file);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** As the formatter of the repository leaves it, so that both agree. */
function format(file: string, text: string): string {
  return execFileSync(join(root, "node_modules/.bin/oxfmt"), [`--stdin-filepath=${file}`], {
    cwd: root,
    input: text,
    encoding: "utf8",
  });
}
