import type { TestProject } from "vitest/node";

import { enginesOf, socketOf } from "./engines.ts";
import { startEngine, stopEngine } from "./run.ts";

/** Starts the engines of a project, and stops those that did not run before. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const engines = enginesOf(project.name);
  const started = await Promise.all(engines.map(startEngine));
  project.provide("engineSockets", Object.fromEntries(engines.map((engine) => [engine.name, socketOf(engine)])));
  return async () => {
    await Promise.all(engines.filter((_engine, index) => started[index]).map(stopEngine));
  };
}
