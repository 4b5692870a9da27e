import { randomBytes } from "node:crypto";
import { createSigner } from "@cos/core";
import { addContainer, createMemoryEngine, createMemoryHost, type MemoryLine, writeLog } from "@cos/core/testing";
import { describe, expect, test } from "vitest";
import type { Call } from "../perform.ts";
import { openBench } from "../testing/bench.ts";

type State = NonNullable<Parameters<typeof addContainer>[1]["state"]>;

function openWith({ logs = [], state = "running" }: { logs?: readonly MemoryLine[]; state?: State } = {}) {
  const host = createMemoryHost();
  const id = addContainer(host, { name: "web", logs, state });
  const engine = createMemoryEngine({ signer: createSigner(randomBytes(32)), images: {}, host });
  const bench = openBench({ engine });
  return {
    id,
    engine,
    wait: (input: object = {}, more: Partial<Call> = {}) =>
      bench.perform("container_wait", { container: "web", timeoutSeconds: 30, ...input }, more),
    /** Resolves when the engine was asked this. */
    asked: (call: string) => expect.poll(() => bench.engineCalls).toContain(call),
    write: (text: string) => writeLog(host, id, { stream: "stdout", text }),
    /** What the health check says from now on. */
    say: (health: "starting" | "healthy" | "unhealthy") => {
      const container = host.containers.get(id);
      if (container !== undefined) host.containers.set(id, { ...container, health });
    },
  };
}

describe("waiting for the end", () => {
  test("answers with the exit code", async () => {
    const { id, engine, wait, asked } = openWith();
    const waiting = wait();
    await asked("containers.wait");
    await engine.containers.stop(id);
    expect(await waiting).toMatchObject({
      result: { containerId: id, name: "web", met: true, reason: "exited", state: "exited", exitCode: 137 },
      text: "web has ended with exit code 137.",
    });
  });

  test("is over at once when it has ended", async () => {
    expect(await openWith({ state: "exited" }).wait()).toMatchObject({ result: { met: true, exitCode: 0 } });
  });

  test("that is not over in time is no error", async () => {
    const outcome = await openWith().wait({ timeoutSeconds: 1 });
    expect(outcome).toMatchObject({ result: { met: false, reason: "timeout", state: "running" } });
    expect(outcome).toMatchObject({
      text: expect.stringMatching(/^It has not happened yet after 1\.\d s: web is running/),
    });
  });

  test("of what was never started is refused", async () => {
    const waiting = openWith({ state: "created" }).wait();
    await expect(waiting).rejects.toMatchObject({ code: "failed_precondition" });
  });

  test("ends with the signal", async () => {
    const stop = new AbortController();
    const { wait, asked } = openWith();
    const waiting = wait({}, { signal: stop.signal });
    await asked("containers.wait");
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("waiting for health", () => {
  test("is over when the check succeeds", async () => {
    const { wait, say, asked } = openWith();
    say("starting");
    const waiting = wait({ until: "healthy" });
    await asked("containers.wait");
    say("unhealthy");
    say("healthy");
    expect(await waiting).toMatchObject({ result: { met: true, reason: "healthy", health: "healthy" } });
  });

  test("is over when the container ends first", async () => {
    const { id, engine, wait, say, asked } = openWith();
    say("starting");
    const waiting = wait({ until: "healthy" });
    await asked("containers.wait");
    await engine.containers.stop(id);
    expect(await waiting).toMatchObject({ result: { met: false, reason: "ended", exitCode: 137 } });
  });

  test("of what has no health check is refused", async () => {
    const waiting = openWith().wait({ until: "healthy" });
    await expect(waiting).rejects.toMatchObject({ code: "failed_precondition" });
  });
});

describe("waiting for a line", () => {
  test("is over when it is written, or was since the start", async () => {
    const { wait, write, asked } = openWith({ logs: [{ stream: "stderr", text: "booting" }] });
    const goal = { until: "log", pattern: "^ready in \\d+ ms$" };
    const waiting = wait(goal);
    await asked("containers.logs");
    write("not ready");
    write("ready in 12 ms");
    const expected = { met: true, reason: "matched", line: "ready in 12 ms", state: "running" };
    expect(await waiting).toMatchObject({ result: expected, text: "web wrote: ready in 12 ms" });
    expect(await wait(goal)).toMatchObject({ result: expected });
    expect(await wait({ ...goal, pattern: "BOOT", ignoreCase: true })).toMatchObject({ result: { line: "booting" } });
  });

  test("does not count what an earlier start wrote, unless asked", async () => {
    const logs: MemoryLine[] = [{ stream: "stdout", text: "ready", time: "2026-01-01T00:00:00.000000000Z" }];
    const { wait } = openWith({ logs });
    const goal = { until: "log", pattern: "ready", timeoutSeconds: 1 };
    expect(await wait(goal)).toMatchObject({ result: { met: false, reason: "timeout" } });
    expect(await wait({ ...goal, since: "2026-01-01T00:00Z" })).toMatchObject({ result: { met: true } });
  });

  test("is over when the container ends without it", async () => {
    const { id, engine, wait, asked } = openWith({ logs: [{ stream: "stdout", text: "starting" }] });
    const waiting = wait({ until: "log", pattern: "ready" });
    await asked("containers.logs");
    await engine.containers.stop(id);
    expect(await waiting).toMatchObject({ result: { met: false, reason: "ended", state: "exited", exitCode: 137 } });
  });

  test("shows the line as text that does no harm, and not all of a long one", async () => {
    const { wait } = openWith({ logs: [{ stream: "stdout", text: `\u001b[31mready ${"x".repeat(10_000)}` }] });
    const outcome = await wait({ until: "log", pattern: "ready" });
    expect(outcome).toMatchObject({ result: { line: expect.stringMatching(/^\\u001b\[31mready x{1,5000}$/) } });
  });
});

test.each([
  ["there is no pattern", { until: "log" }],
  ["the pattern is none", { until: "log", pattern: "(" }],
  ["there is a pattern for something else", { pattern: "ready" }],
  ["there is a time for something else", { until: "healthy", since: "15m" }],
  ["it would take too long", { timeoutSeconds: 3601 }],
])("a wait is refused when %s", async (_what, input) => {
  await expect(openWith().wait(input)).rejects.toMatchObject({ code: "invalid_argument" });
});
