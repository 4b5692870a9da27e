import { randomBytes } from "node:crypto";
import { describeEngine, type MadeContainer } from "@cos/core/testing";
import { afterAll, afterEach, beforeEach, expect, inject, type RunnerTask, test } from "vitest";
import { connectDocker } from "../connect.ts";
import type { Difference } from "./podman-differences.ts";
import { removeContainersWith, startRawContainer } from "../testing/raw-engine.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The unix socket of each engine that runs beside the one of the machine, by the engine's name. */
    engineSockets: Readonly<Record<string, string>>;
  }
}

/**
 * Registers the tests of the contract for an engine that runs beside the one of the machine.
 *
 * @param differences the tests that it does not pass: each must be there, and fail unless it does so only sometimes.
 */
export function describeNested(name: string, differences: readonly Difference[] = []): void {
  const socketPath = inject("engineSockets")[name];
  if (socketPath === undefined) throw new Error(`no engine is called ${name}`);
  const label = `user.test=contract-${randomBytes(4).toString("hex")}`;

  const expected = new Map(differences.map((found) => [`the engine contract on ${name} > ${found.test}`, found]));
  beforeEach(({ task }) => {
    if (expected.has(task.fullTestName)) Object.assign(task, { fails: true });
  });
  afterEach(({ task }) => {
    const failed = task.result?.state === "fail";
    if (expected.get(task.fullTestName)?.sometimes === true) Object.assign(task, { fails: failed });
  });

  afterAll(() => removeContainersWith(label, socketPath));

  test("every expected difference is a test of the contract", ({ task }) => {
    expect(testsOf(task.file.tasks)).toEqual(expect.arrayContaining([...expected.keys()]));
  });

  describeEngine(
    name,
    ({ signer }) => connectDocker({ signer, host: `unix://${socketPath}` }),
    ({ name: container, logs, network = "none" }: MadeContainer) => {
      const lines = logs.map(({ stream, text }) => `echo ${text}${stream === "stderr" ? " >&2" : ""}; `);
      const raw = { name: container, command: `${lines.join("")}exec sleep 600`, hostConfig: { NetworkMode: network } };
      return startRawContainer(label, raw, socketPath);
    },
  );
}

function testsOf(tasks: readonly RunnerTask[]): string[] {
  return tasks.flatMap((task) => (task.type === "suite" ? testsOf(task.tasks) : [task.fullTestName]));
}
