import { defineConfig, type Options } from "tsup";
// @boundaries-ignore what builds the apps is part of none of them
import { lazyBuiltins } from "../../scripts/lazy-builtins.ts";

/** The MCP SDK imports a JSON Schema validator that `createServer` replaces. It would be half of the bundle. */
const withoutFormValidator: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "without-form-validator",
  setup(build) {
    build.onResolve({ filter: /\/ajv-provider\.js$/ }, ({ path }) => ({ path, namespace: "unused" }));
    build.onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: "export class AjvJsonSchemaValidator {}" }));
  },
};

/** Everything is bundled but the Docker library and its tar parser, which only pulls, builds and files load: a start reads few, small files. */
export default defineConfig({
  entry: { main: "src/main.ts" },
  format: "esm",
  target: "node20",
  splitting: true,
  clean: true,
  minify: true,
  removeNodeProtocol: false,
  noExternal: [/^@cos\//, "@modelcontextprotocol/sdk", "zod"],
  external: ["dockerode", "tar-stream"],
  esbuildPlugins: [lazyBuiltins, withoutFormValidator],
  esbuildOptions(options) {
    options.conditions = ["@cos/source", "module"];
    // Text beyond ASCII would make Node keep the whole bundle at two bytes a character.
    options.charset = "ascii";
  },
});
