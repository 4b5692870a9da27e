import { randomBytes } from "node:crypto";
import { afterEach, expect, vi } from "vitest";
import type { Engine } from "../../engine.ts";
import type { JobRequest, JobResult } from "../../job.ts";
import { createSigner, type Signer } from "../../labels.ts";
import type { LogOptions } from "../../logs.ts";
import type { OutputChunk } from "../../output.ts";
import { defineWorkload, type WorkloadInput } from "../../spec/workload-spec.ts";

/** Opens a fresh connection to the engine under test, for an installation with this signer. */
export type ConnectEngine = (options: { readonly signer: Signer }) => Engine | Promise<Engine>;

/** A container of somebody who does not know cos. */
export interface MadeContainer {
  readonly name: string;
  /** What it writes when it starts. Text is of letters and spaces. */
  readonly logs: readonly { readonly stream: OutputChunk["stream"]; readonly text: string }[];
  /** The network that it is on, by its name on the engine; any unless set. */
  readonly network?: string | undefined;
}

/**
 * Makes a container past the engine under test, and resolves with its id once it runs. It runs until it is asked to end,
 * and then ends at once. The suite removes it.
 */
export type MakeContainer = (container: MadeContainer) => string | Promise<string>;

/** The engine under test, as the parts of the suite use it. */
export interface Bench {
  /** This suite's installation. */
  readonly signer: Signer;
  /** A fresh connection. What is made through it is removed after the test, and the connection closed. */
  connect(signer?: Signer): Promise<Engine>;
  /** The id of a running container that nobody owns; it is removed after the test. */
  makeContainer(container?: Partial<MadeContainer>): Promise<string>;
}

export const image = "busybox:latest";
export const owner = "contract-suite";

/** A job that says so when it has started and then does nothing for long. */
export const longCommand = "echo ready; sleep 60";

export function newSigner(): Signer {
  return createSigner(randomBytes(32));
}

/** A name that no other test uses. */
export function newName(): string {
  return `contract-${randomBytes(6).toString("hex")}`;
}

/** A job of the suite's image. No test waits for a job longer than half a minute. */
export function job(command: string | string[], spec: Partial<WorkloadInput> = {}): JobRequest {
  const defaults = { env: { image }, pull: "never", labels: { "user.test": "contract" }, timeoutSeconds: 30 } as const;
  return { owner, spec: defineWorkload({ ...defaults, command, ...spec }) };
}

/** Runs a job of {@link longCommand}, looks at the engine while it runs, and cancels it. */
export async function whileRunning<Seen>(
  engine: Engine,
  spec: Partial<WorkloadInput>,
  look: () => Promise<Seen>,
  more: Partial<JobRequest> = {},
): Promise<{ readonly seen: Seen; readonly result: JobResult }> {
  const stop = new AbortController();
  const ready = signalOnce();
  const running = engine.jobs.run({ ...job(longCommand, spec), ...more }, { output: ready.fire, signal: stop.signal });
  try {
    await Promise.race([
      ready.fired,
      running.then(() => Promise.reject(new Error("the job ended before it was ready"))),
    ]);
    await vi.waitFor(() => expectRunning(engine), { timeout: 10_000, interval: 20 });
    const seen = await look();
    stop.abort();
    return { seen, result: await running };
  } finally {
    stop.abort();
    await running.catch(() => undefined);
  }
}

/** An engine may pass on a job's first output before it says that the container runs. */
async function expectRunning(engine: Engine): Promise<void> {
  const containers = await engine.containers.list({ managed: true });
  expect(containers.map(({ state }) => state)).toContain("running");
}

/** What a container wrote, in all and to each stream. */
export async function readLog(engine: Engine, id: string, options?: LogOptions) {
  const text = { all: "", stdout: "", stderr: "" };
  for await (const { stream, data } of engine.containers.logs(id, options)) {
    const piece = Buffer.from(data).toString();
    text[stream] += piece;
    text.all += piece;
  }
  return text;
}

/** Something that happens once and can be awaited. */
export function signalOnce(): { readonly fired: Promise<void>; readonly fire: () => void } {
  let fire = () => {};
  const fired = new Promise<void>((resolve) => {
    fire = resolve;
  });
  return { fired, fire };
}

/** Prepares the suite: after every test, whatever was made through the bench is removed. */
export function prepareBench(connect: ConnectEngine, makeContainer: MakeContainer): Bench {
  const signer = newSigner();
  const open: Engine[] = [];
  const signers = new Set<Signer>();
  const made: string[] = [];

  afterEach(async () => {
    await Promise.all(open.splice(0).map((engine) => engine.close()));
    for (const used of signers) await removeEverything(await connect({ signer: used }), made.splice(0));
    signers.clear();
  });

  return {
    signer,
    async connect(as = signer) {
      const engine = await connect({ signer: as });
      open.push(engine);
      signers.add(as);
      return engine;
    },
    async makeContainer({ name = newName(), logs = [], network } = {}) {
      signers.add(signer);
      const id = await makeContainer({ name, logs, network });
      made.push(id);
      return id;
    },
  };
}

async function removeEverything(engine: Engine, made: readonly string[]): Promise<void> {
  try {
    for (const id of made) await engine.containers.remove(id);
    for (const { id } of await engine.containers.list({ managed: true })) await engine.containers.remove(id);
    for (const { id } of await engine.networks.list({ managed: true })) await engine.networks.remove(id);
    for (const { name } of await engine.volumes.list({ managed: true })) await engine.volumes.remove(name);
  } finally {
    await engine.close();
  }
}
