import type { Operation } from "@cos/control-plane";
import { findNearest } from "@cos/core";
import { toTool } from "./tool.ts";

/** What to say to a call of a tool that is not offered. */
export function hintForName(name: string, tools: readonly Operation[]): string {
  const names = tools.map((tool) => tool.name);
  const nearest = findNearest(name, names);
  return nearest === undefined ? `The tools are: ${names.join(", ")}` : `Did you mean ${nearest}?`;
}

/** What to say to a call whose arguments are wrong. */
export function hintForArguments(operation: Operation, engines: readonly string[]): string {
  const { properties = {}, required = [] } = toTool(operation, engines).inputSchema;
  const [first, ...others] = Object.keys(properties).map((name) =>
    required.includes(name) ? `${name} (required)` : name,
  );
  return first === undefined
    ? `${operation.name} takes no arguments.`
    : `${operation.name} takes: ${[first, ...others].join(", ")}`;
}
