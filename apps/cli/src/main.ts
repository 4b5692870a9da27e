#!/usr/bin/env node

// Node 22.8 and later can keep compiled code between runs; earlier ones start without.
process.getBuiltinModule("node:module").enableCompileCache?.();

if (process.argv.length === 3 && (process.argv[2] === "--version" || process.argv[2] === "-V")) {
  const { version } = await import("./version.ts");
  process.stdout.write(`${version}\n`);
} else if (process.argv[2] === "__complete") {
  const { complete } = await import("./completion/complete.ts");
  await complete(process.argv.slice(4));
} else {
  const { main } = await import("./program.ts");
  await main(process.argv.slice(2));
}
