import { randomBytes } from "node:crypto";
import { createSigner, defineWorkload, type Engine, ensureService } from "@cos/core";
import { afterEach, expect, test } from "vitest";
import { connectDocker } from "../connect.ts";
import { type Fault, FaultProxy } from "../testing/fault-proxy.ts";
import { enginePath, removeContainersWith } from "../testing/raw-engine.ts";

const testRun = `crash-${randomBytes(4).toString("hex")}`;
const label = `user.test=${testRun}`;
const signer = createSigner(randomBytes(32));

afterEach(() => removeContainersWith(label));

const service = (name: string, version: string) => ({
  owner: "tester",
  recreate: true,
  spec: defineWorkload({
    env: { image: "busybox:latest" },
    lifecycle: "persistent",
    pull: "never",
    labels: { "user.test": testRun },
    name,
    command: "exec sleep 600",
    variables: { VERSION: version },
  }),
});

/**
 * Replaces a service in a process that dies at one of its requests: this has the fault, and none after it reaches the
 * engine. Resolves with how many requests there were.
 */
async function replaceAndDie(name: string, atRequest: number, fault: Fault): Promise<number> {
  await using proxy = await FaultProxy.start(enginePath());
  const engine = await connectDocker({ host: proxy.host, signer });
  const before = proxy.requests.length;
  // The latest script wins: some requests pass, then one has the fault, then nothing passes.
  proxy.script(/./, { kind: "drop-request" }, Infinity);
  proxy.script(/./, fault);
  if (atRequest > 1) proxy.script(/./, { kind: "hold-answer", until: Promise.resolve() }, atRequest - 1);
  await ensureService(engine, service(name, "2")).catch(() => undefined);
  const requests = proxy.requests.length - before;
  await engine.close({ handOver: true });
  return requests;
}

async function assertRepaired(engine: Engine, name: string): Promise<void> {
  const { container } = await ensureService(engine, service(name, "2"));
  const all = await engine.containers.list();
  const left = all.filter((found) => found.name.startsWith(`cos-${name}`));
  expect(left.map(({ id, name: onEngine, state }) => ({ id, name: onEngine, state }))).toEqual([
    { id: container.id, name: `cos-${name}`, state: "running" },
  ]);
}

test.each<[string, Fault]>([
  ["was not sent", { kind: "drop-request" }],
  ["was done, and its answer lost", { kind: "drop-answer" }],
])(
  "a replacement that dies at any request is repaired by the next, when that %s",
  { timeout: 240_000 },
  async (_what, fault) => {
    const engine = await connectDocker({ signer });
    const first = `${testRun}-0`;
    await ensureService(engine, service(first, "1"));
    const requests = await replaceAndDie(first, 1000, fault);
    expect(requests).toBeGreaterThan(12);
    const each = Array.from({ length: requests }, (_, index) => index + 1);
    while (each.length > 0) {
      await Promise.all(
        each.splice(0, 6).map(async (request) => {
          const name = `${testRun}-${request}`;
          await ensureService(engine, service(name, "1"));
          await replaceAndDie(name, request, fault);
          await assertRepaired(engine, name);
        }),
      );
      await removeContainersWith(label);
    }
    await engine.close();
  },
);
