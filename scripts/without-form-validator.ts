import type { Options } from "tsup";

type Plugin = NonNullable<Options["esbuildPlugins"]>[number];

/** The MCP SDK imports a JSON Schema validator that the server replaces. It would be half of the server's bundle. */
export const withoutFormValidator: Plugin = {
  name: "without-form-validator",
  setup(build) {
    build.onResolve({ filter: /\/ajv-provider\.js$/ }, ({ path }) => ({ path, namespace: "unused" }));
    build.onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: "export class AjvJsonSchemaValidator {}" }));
  },
};
