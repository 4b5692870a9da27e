import { randomBytes } from "node:crypto";
import { createSigner, defineWorkload, type Engine } from "@cos/core";
import { connectDocker } from "@cos/docker";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Bench, openBench } from "../testing/bench.ts";

const name = `logs-${randomBytes(4).toString("hex")}`;

let engine: Engine;
let bench: Bench;

beforeEach(async () => {
  engine = await connectDocker({ signer: createSigner(randomBytes(32)) });
  bench = openBench({ engine });
});
afterEach(async () => {
  for (const { id } of await engine.containers.list({ managed: true })) await engine.containers.remove(id);
  await engine.close();
});

/** Starts a service whose shell runs this. */
async function start(command: string): Promise<string> {
  const env = { image: "busybox:latest" };
  const spec = defineWorkload({ env, command, name, lifecycle: "persistent", network: "none", pull: "never" });
  const { id } = await engine.containers.create({ spec, owner: "user" });
  await engine.containers.start(id);
  return id;
}

interface Page {
  readonly output: string;
  readonly more: boolean;
  readonly cursor: string;
}

async function read(input: object): Promise<Page> {
  const outcome = await bench.perform("container_logs", { container: name, ...input });
  if (outcome.status !== "done") throw new Error(outcome.status);
  return outcome.result as Page;
}

test("pages are together the whole log, while it is written by two writers at once", async () => {
  const id = await start(
    "(for i in $(seq 1 400); do echo out $i; usleep 1000; done) & for i in $(seq 1 400); do echo err $i >&2; usleep 1000; done; wait; head -c 40000 /dev/zero | tr '\\0' x; echo",
  );
  let page = await read({ since: "1h", limitBytes: 1024 });
  let pages = page.output;
  let isLast = false;
  do {
    isLast = !page.more && (await engine.containers.get(id)).state === "exited";
    page = await read({ cursor: page.cursor, limitBytes: 1024 });
    pages += page.output;
  } while (!isLast || page.more);
  const shown = pages.replace(/^x{100,}.*$/m, "long line");
  const whole = (await read({ since: "1h", limitBytes: 1024 * 1024 })).output.replace(/^x{100,}.*$/m, "long line");
  expect(shown.split("\n")).toEqual(whole.split("\n"));
  expect(whole.split("\n")).toHaveLength(802);
});

test("a log of two starts is one, and a wait for a line is about the last start", async () => {
  const id = await start("echo ready; exec sleep 60");
  const wait = (input: object) =>
    bench.perform("container_wait", { container: name, until: "log", pattern: "ready", ...input });
  expect(await wait({})).toMatchObject({ result: { met: true, line: "ready" } });
  await engine.containers.restart(id, { graceSeconds: 0 });
  expect(await wait({})).toMatchObject({ result: { met: true } });
  expect(await read({})).toMatchObject({ output: "ready\nready\n" });
  expect(await wait({ pattern: "never", timeoutSeconds: 1 })).toMatchObject({ result: { reason: "timeout" } });
});
