#!/usr/bin/env node

// Node 22.8 and later can keep compiled code between runs; earlier ones start without.
process.getBuiltinModule("node:module").enableCompileCache?.();

if (process.argv.length === 3 && (process.argv[2] === "--version" || process.argv[2] === "-V")) {
  const { version } = await import("./version.ts");
  process.stdout.write(`${version}\n`);
} else if (process.argv[2] === "__complete") {
  const { complete } = await import("./completion/complete.ts");
  await complete(process.argv.slice(4));
} else if (process.argv[2] === "serve") {
  // Before the rest of the command line: a server keeps running, and what makes commands start fast would slow it down.
  const { main } = await import("@cos/mcp-server/command");
  process.exitCode = await main(process.argv.slice(3), "cos serve");
} else {
  const { main } = await import("./program.ts");
  await main(process.argv.slice(2));
}
