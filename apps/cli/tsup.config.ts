import { defineConfig } from "tsup";
// @boundaries-ignore what builds the apps is part of none of them
import { lazyBuiltins } from "../../scripts/lazy-builtins.ts";
// @boundaries-ignore what builds the apps is part of none of them
import { withoutFormValidator } from "../../scripts/without-form-validator.ts";

/** Everything is bundled but the Docker library and its tar parser, which only pulls, builds and files load: a start reads few, small files. */
export default defineConfig({
  entry: { main: "src/main.ts" },
  format: "esm",
  target: "node20",
  splitting: true,
  clean: true,
  minify: true,
  removeNodeProtocol: false,
  noExternal: [
    /^@cos\//,
    /^@opentelemetry\//,
    "@modelcontextprotocol/sdk",
    "jose",
    "pino",
    "prom-client",
    "commander",
    "zod",
    "cli-table3",
  ],
  external: ["dockerode", "tar-stream", "@colors/colors"],
  esbuildPlugins: [lazyBuiltins, withoutFormValidator],
  esbuildOptions(options) {
    options.conditions = ["@cos/source", "module"];
    // Text beyond ASCII would make Node keep the whole bundle at two bytes a character.
    options.charset = "ascii";
  },
});
