import { defineConfig } from "tsup";

export default defineConfig({
  entry: { index: "src/index.ts", "testing/index": "src/testing/index.ts" },
  format: "esm",
  target: "node20",
  splitting: true,
  clean: true,
  // The part of zod that the schemas use, without its sixty languages: a third of the time and memory of loading all
  // of it. The declarations still refer to the package.
  noExternal: ["zod"],
});
