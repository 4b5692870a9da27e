#!/usr/bin/env node

// Node 22.8 and later can keep compiled code between runs; earlier ones start without.
process.getBuiltinModule("node:module").enableCompileCache?.();

const { main } = await import("./command.ts");
process.exitCode = await main(process.argv.slice(2));
