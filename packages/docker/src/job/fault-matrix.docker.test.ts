import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CosError, createSigner, defineWorkload, type Engine, type JobResult } from "@cos/core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { connectDocker } from "../connect.ts";
import { type Fault, FaultProxy } from "../testing/fault-proxy.ts";
import { containersWith, enginePath, removeContainersWith } from "../testing/raw-engine.ts";

const testRun = `matrix-${randomBytes(4).toString("hex")}`;
const label = `user.test=${testRun}`;

/** What a job asks of the engine, each request once. */
const requests: Readonly<Record<string, RegExp>> = {
  "the look at the image": /^GET \/images\//,
  create: /^POST \/containers\/create/,
  attach: /^POST \/containers\/[0-9a-f]+\/attach/,
  wait: /^POST \/containers\/[0-9a-f]+\/wait/,
  "the check of what was built": /^GET \/containers\/[0-9a-f]+\/json/,
  start: /^POST \/containers\/[0-9a-f]+\/start/,
  "the removal": /^DELETE \/containers\//,
};

const faults: Readonly<Record<string, Fault>> = {
  "is answered with 404": { kind: "answer", status: 404 },
  "is answered with 409": { kind: "answer", status: 409 },
  "is answered with 500": { kind: "answer", status: 500 },
  "is answered with 200 and nonsense": { kind: "answer", status: 200, body: "nonsense" },
  "is answered with a redirect": { kind: "answer", status: 301 },
  "never reaches the engine": { kind: "drop-request" },
  "reaches the engine, and the connection breaks at once": { kind: "drop-sent" },
  "is done, and the answer is lost": { kind: "drop-answer" },
  "is done, and the answer breaks off in the middle": { kind: "cut-answer", bodyBytes: 5 },
};

/** The job writes "hello\n", which the engine sends as one frame: a header of 8 bytes and a payload of 6. */
const frameBytes = 8 + 6;

describe("whatever happens to one request of a job", () => {
  let proxy: FaultProxy;
  let engine: Engine;
  let directory: string;
  let jobs = 0;

  beforeAll(async () => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), "cos-matrix-")));
    proxy = await FaultProxy.start(enginePath());
    engine = await connectDocker({ host: proxy.host, signer: createSigner(randomBytes(32)) });
  });
  afterAll(async () => {
    try {
      await engine.close();
      expect(await containersWith(label), "containers left behind").toEqual([]);
    } finally {
      await proxy[Symbol.asyncDispose]();
      await removeContainersWith(label);
      rmSync(directory, { recursive: true, force: true });
    }
  });

  /** Runs a job that notes each time it runs. */
  async function run(): Promise<{ readonly end: JobResult | CosError; readonly ranTimes: number }> {
    const note = `job-${++jobs}`;
    const spec = defineWorkload({
      env: { image: "busybox:latest" },
      command: `echo x >> /notes/${note}; echo hello; exit 7`,
      pull: "never",
      labels: { "user.test": testRun },
      mounts: [{ type: "bind", source: directory, target: "/notes", readOnly: false }],
      timeoutSeconds: 5,
    });
    const end = await engine.jobs
      .run({ owner: "tester", hostRoots: [directory], spec })
      .catch((error: unknown) => CosError.from(error));
    await vi.waitFor(async () => expect(await containersWith(label)).toEqual([]), { timeout: 20_000, interval: 50 });
    const file = join(directory, note);
    return { end, ranTimes: existsSync(file) ? readFileSync(file, "utf8").length / 2 : 0 };
  }

  /** Either how the job really ended, or an error that says honestly whether it may have run; never twice, and nothing stays. */
  function assertHonest({ end, ranTimes }: Awaited<ReturnType<typeof run>>): void {
    expect(ranTimes).toBeLessThanOrEqual(1);
    if (CosError.is(end)) {
      expect(end.message).toMatch(/./);
      if (ranTimes > 0) expect(end.details?.["unknown"], `${end.message} although it ran`).toBe(true);
      return;
    }
    expect(ranTimes).toBe(1);
    expect(end.exitCode).toBe(7);
    if (end.outputLost) expect("hello\n").toContain(end.stdout);
    else expect(end.stdout).toBe("hello\n");
  }

  describe.each(Object.entries(requests))("%s", (request, on) => {
    // That an engine says "gone" or "done" of a container that it keeps, nobody can tell.
    const possible = Object.entries(faults).filter(
      ([, { kind, ...fault }]) =>
        request !== "the removal" || kind !== "answer" || !("status" in fault && [200, 404].includes(fault.status)),
    );
    test.each(possible)("%s", async (_fault, fault) => {
      const before = proxy.requests.length;
      proxy.script(on, fault);
      const ran = await run();
      expect(proxy.requests.slice(before).some((request) => on.test(request))).toBe(true);
      assertHonest(ran);
    });
  });

  // Before the first byte it looks like a job that closes its output.
  test.each(Array.from({ length: frameBytes }, (_, bytes) => bytes + 1))(
    "output that breaks off after %i bytes is lost output, and the exit code is right",
    async (bodyBytes) => {
      proxy.script(requests["attach"] ?? /$^/, { kind: "cut-answer", bodyBytes });
      const { end, ranTimes } = await run();
      expect({ end, ranTimes }).toMatchObject({
        ranTimes: 1,
        end: { exitCode: 7, outputLost: bodyBytes < frameBytes },
      });
    },
  );
});
