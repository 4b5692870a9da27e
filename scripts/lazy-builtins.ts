import { isBuiltin } from "node:module";
import type { Options } from "tsup";

type Plugin = NonNullable<Options["esbuildPlugins"]>[number];

/**
 * Makes the bundle load each of Node's own modules with the first call of one of its functions. Importing them the
 * usual way loads them all at the start, and evaluates every getter among their exports, which for http alone loads
 * Node's whole fetch implementation: together more than the rest of the start.
 */
export const lazyBuiltins: Plugin = {
  name: "lazy-builtins",
  setup(build) {
    build.onResolve({ filter: /^[a-z0-9:_/]+$/ }, ({ path, kind }) => {
      if (!isBuiltin(path)) return undefined;
      if (kind === "dynamic-import") return { path, external: true };
      return {
        path: path.startsWith("node:") ? path : `node:${path}`,
        namespace: kind === "require-call" ? "required" : "imported",
        sideEffects: false,
      };
    });
    build.onLoad({ filter: /.*/, namespace: "imported" }, ({ path }) => ({ contents: toModule(path) }));
    build.onLoad({ filter: /.*/, namespace: "required" }, ({ path }) => ({ contents: toCommonJs(path) }));
  },
};

/**
 * Functions become calls that load the module; the rest, and the module itself, is read at the start, where something
 * uses it.
 */
function toModule(path: string): string {
  const named = Object.entries(builtin(path))
    .filter(([name]) => /^[A-Za-z_$][\w$]*$/.test(name) && name !== "default")
    .map(([name, value]) =>
      isPlainFunction(name, value)
        ? `const ${name}_ = (...args) => ${load(path)}.${name}(...args); export { ${name}_ as ${name} };`
        : `const ${name}_ = /* @__PURE__ */ (() => ${load(path)}.${name})(); export { ${name}_ as ${name} };`,
    );
  return [...named, `export default /* @__PURE__ */ ${load(path)};`].join("\n");
}

/** What other people's modules require is the module itself, but for processes, which they only might start. */
function toCommonJs(path: string): string {
  if (path !== "node:child_process") return `module.exports = ${load(path)};`;
  const functions = Object.entries(builtin(path)).filter(([name, value]) => isPlainFunction(name, value));
  return functions.map(([name]) => `exports.${name} = (...args) => ${load(path)}.${name}(...args);`).join("\n");
}

function isPlainFunction(name: string, value: unknown): boolean {
  return typeof value === "function" && /^[a-z]/.test(name);
}

function load(path: string): string {
  return `process.getBuiltinModule(${JSON.stringify(path)})`;
}

function builtin(path: string): Record<string, unknown> {
  return process.getBuiltinModule(path) as Record<string, unknown>;
}
