import { defineConfig } from "vitest/config";

const conditions = ["@cos/source", "node"];
const source = { resolve: { conditions }, ssr: { resolve: { conditions } } };
const elsewhere = ["**/node_modules/**", "**/dist/**"];
const withEngine = { testTimeout: 60_000, hookTimeout: 60_000, maxWorkers: 2 };
/** What fails the run when tests leave something behind. */
const staysClean = "scripts/engine/stays-clean.ts";

/** `x.test.ts` needs nothing, `x.docker.test.ts` an engine, `x.root.test.ts` to be root on Linux, to run engines of its own. */
const unit = {
  ...source,
  test: {
    name: "unit",
    include: ["packages/**/*.test.ts", "apps/**/*.test.ts", "scripts/**/*.test.ts"],
    exclude: ["**/*.docker.test.ts", "**/*.root.test.ts", "**/*.matrix.test.ts", "**/*.next.test.ts", ...elsewhere],
  },
};
const docker = {
  ...source,
  test: {
    name: "docker",
    include: ["packages/**/*.docker.test.ts", "apps/**/*.docker.test.ts"],
    exclude: elsewhere,
    globalSetup: staysClean,
    ...withEngine,
  },
};
const root = {
  ...source,
  test: {
    name: "root",
    include: ["packages/**/*.root.test.ts", "apps/**/*.root.test.ts"],
    exclude: elsewhere,
    globalSetup: staysClean,
    ...withEngine,
  },
};
/** Engines that run in containers, for whoever names the project or one of its files. */
const matrix = {
  ...source,
  test: {
    name: "matrix",
    include: ["packages/**/*.matrix.test.ts"],
    exclude: elsewhere,
    globalSetup: "scripts/engines/setup.ts",
    ...withEngine,
  },
};
/** The same for an engine that is newer than those that cos promises to work with: its tests may fail. */
const next = {
  ...source,
  test: { ...matrix.test, name: "next", include: ["packages/**/*.next.test.ts"] },
};

const isRoot = process.platform === "linux" && process.getuid?.() === 0;

const asksFor = (name: string) =>
  process.argv.some(
    (argument) => argument.replace(/^--project=/, "") === name || argument.includes(`.${name}.test.ts`),
  );
const onlyByName = [matrix, next].filter(({ test }) => asksFor(test.name));

export default defineConfig({
  test: { projects: [unit, docker, ...(isRoot ? [root] : []), ...onlyByName] },
});
