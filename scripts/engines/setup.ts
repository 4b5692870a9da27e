import type { TestProject } from "vitest/node";

import { chooseEngines, socketOf } from "./engines.ts";
import { startEngine, stopEngine } from "./run.ts";

/** Starts the engines of the project `matrix`, and stops those that did not run before. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const engines = chooseEngines([]);
  const started = await Promise.all(engines.map(startEngine));
  project.provide("engineSockets", Object.fromEntries(engines.map((engine) => [engine.name, socketOf(engine)])));
  return async () => {
    await Promise.all(engines.filter((_engine, index) => started[index]).map(stopEngine));
  };
}
