#!/usr/bin/env node
import manifest from "../package.json" with { type: "json" };

const asked = process.argv[2];

if (asked === "--version" || asked === "-V") {
  process.stdout.write(`${manifest.version}\n`);
} else if (asked === "--help" || asked === "-h") {
  process.stdout.write(
    "Usage: cos-mcp [--version]\n\nThe MCP server of cos. This version answers --version only; until it serves tools,\nuse the command line (cos, in @cos/cli) or the library (@cos/core with @cos/docker).\n",
  );
} else {
  process.stderr.write(
    "cos-mcp: this version does not serve MCP yet.\nhint: Run jobs with the command line (cos, in @cos/cli) or the library (@cos/core with @cos/docker).\n",
  );
  process.exitCode = 1;
}
