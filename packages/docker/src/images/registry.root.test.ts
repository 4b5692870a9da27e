import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CosError, createSigner, type ProgressEvent } from "@cos/core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { callEngine, enginePath } from "../testing/raw-engine.ts";
import { breakingWay, Registry } from "../testing/registry.ts";
import { EngineClient } from "../transport/engine-client.ts";
import { Transport } from "../transport/transport.ts";
import { Images } from "./images.ts";

const testLabel = `user.test=registry-${randomBytes(4).toString("hex")}`;
const signer = createSigner(randomBytes(32));
const dataBytes = 4_000_000;

let registry: Registry;
let transport: Transport;
let images: Images;
let directory: string;

beforeAll(async () => {
  registry = await Registry.start();
  directory = mkdtempSync(join(tmpdir(), "cos-registry-test-"));
  transport = Transport.create({ kind: "unix", path: enginePath() });
  images = new Images({
    client: new EngineClient(transport, "1.41"),
    signer,
    env: { DOCKER_CONFIG: directory },
  });
});
afterEach(async () => {
  const filters = encodeURIComponent(JSON.stringify({ label: [testLabel] }));
  for (let round = 0; round < 3; round++) {
    for (const { Id } of await callEngine<{ Id: string }[]>("GET", `/images/json?all=1&filters=${filters}`))
      await callEngine("DELETE", `/images/${Id}?force=1`);
  }
});
afterAll(async () => {
  transport.close();
  await registry[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

/** Builds an image of one layer with random bytes in it, so that no registry has it. */
async function build(tag: string) {
  const context = mkdtempSync(join(directory, "context-"));
  writeFileSync(join(context, "data"), randomBytes(dataBytes));
  writeFileSync(join(context, "Dockerfile"), `FROM scratch\nLABEL ${testLabel}\nCOPY data /\nCMD ["x"]\n`);
  const { image } = await images.build(
    { env: { build: { context } }, tag, owner: "registry-test" },
    { hostRoots: [directory] },
  );
  return image;
}

/** Takes an image away from the engine, so that it has to be pulled. */
async function forget(id: string): Promise<void> {
  await images.remove(id, { force: true });
  expect(await images.find(id)).toBeUndefined();
}

/** Writes Docker's configuration. */
function signIn(config: string): void {
  writeFileSync(join(directory, "config.json"), config);
}

const failureOf = async (promise: Promise<unknown>): Promise<CosError> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (CosError.is(error)) return error;
  throw new Error("expected a CosError", { cause: error });
};

describe("with a registry", () => {
  test("an image that is pushed can be pulled, as the same image by the same digest", async () => {
    signIn(registry.login());
    const tag = `${registry.domain}/team/app:1`;
    const built = await build(tag);
    const events: ProgressEvent[] = [];
    const pushed = await images.push(tag, { progress: (event) => void events.push(event) });
    expect(pushed).toEqual({ digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), pushedBytes: expect.any(Number) });
    expect(pushed.pushedBytes).toBeGreaterThanOrEqual(dataBytes);
    expect(events[0]).toEqual({ phase: "push", message: `Pushing ${tag}` });
    expect(events.at(-1)?.message).toBe(`Pushing ${tag} (1 of 1 layers)`);
    expect(await images.push(tag)).toEqual({ digest: pushed.digest, pushedBytes: 0 });

    await forget(built.id);
    const pulled = await images.pull(tag);
    expect(pulled).toMatchObject({ id: built.id, tags: [tag] });
    expect(pulled.digests).toContain(`${registry.domain}/team/app@${pushed.digest}`);
    // It came from outside, where anybody could have written its labels.
    expect(pulled.ownership.status).toBe("unmanaged");
    await forget(pulled.id);
    expect((await images.pull(`${registry.domain}/team/app@${pushed.digest}`)).id).toBe(built.id);
  });

  test("a wrong password, or none, is denied, and says where to sign in", async () => {
    const tag = `${registry.domain}/team/denied:1`;
    await build(tag);
    for (const config of [registry.login("wrong"), "{}"]) {
      signIn(config);
      for (const deed of ["push", "pull"] as const) {
        const failure = await failureOf(images[deed](tag));
        expect(failure).toMatchObject({
          code: "denied",
          message: `${registry.domain} does not let this user ${deed} ${tag}.`,
          hint: expect.stringContaining(`docker login ${registry.domain}`),
        });
        expect(JSON.stringify(failure)).not.toContain("wrong");
      }
    }
  });

  test("a tag that it does not have is not found", async () => {
    signIn(registry.login());
    const tag = `${registry.domain}/team/none:1`;
    expect(await failureOf(images.pull(tag))).toMatchObject({
      code: "not_found",
      message: `${registry.domain} has no ${tag}.`,
    });
  });

  test("that does not answer, pushing and pulling say that it cannot be reached", async () => {
    const way = await breakingWay(registry.port, {});
    way.close();
    const tag = `${way.domain}/team/app:1`;
    await build(tag);
    for (const deed of ["push", "pull"] as const) {
      expect(await failureOf(images[deed](tag))).toMatchObject({
        code: "unavailable",
        message: `The engine cannot reach the registry ${way.domain}.`,
      });
    }
  });

  test("a push that is cancelled ends at once", async () => {
    signIn(registry.login());
    const tag = `${registry.domain}/team/cancelled:1`;
    await build(tag);
    const stop = new AbortController();
    const progress = ({ done = 0 }: ProgressEvent) => {
      if (done > 0) stop.abort();
    };
    expect(await failureOf(images.push(tag, { signal: stop.signal, progress }))).toMatchObject({ code: "cancelled" });
  });

  // Engines try a layer five times, and wait for 50 seconds in all.
  test(
    "that goes away in the middle, pushing and pulling fail, and neither side has the tag",
    { timeout: 120_000 },
    async () => {
      const [pushWay, pullWay] = [
        await breakingWay(registry.port, { sentBytes: dataBytes / 2 }),
        await breakingWay(registry.port, { receivedBytes: dataBytes / 2 }),
      ];
      signIn(
        JSON.stringify({
          auths: Object.assign(
            {},
            ...[registry.domain, pushWay.domain, pullWay.domain].map(
              (domain) => (JSON.parse(registry.login(undefined, domain)) as { auths: object }).auths,
            ),
          ),
        }),
      );
      const pullTag = `${registry.domain}/team/half-pulled:1`;
      const there = await build(pullTag);
      await images.push(pullTag);
      await forget(there.id);
      const pushTag = `${pushWay.domain}/team/half-pushed:1`;
      await build(pushTag);

      const halfPulled = `${pullWay.domain}/team/half-pulled:1`;
      const [pushing, pulling] = await Promise.all([
        failureOf(images.push(pushTag)),
        failureOf(images.pull(halfPulled)),
      ]);
      expect([pushWay.broken(), pullWay.broken()]).toEqual([true, true]);
      expect(pushing).toMatchObject({
        code: "unavailable",
        message: `The engine cannot reach the registry ${pushWay.domain}.`,
      });
      expect(pulling).toMatchObject({
        code: "unavailable",
        message: `The engine cannot reach the registry ${pullWay.domain}.`,
      });
      expect(await images.find(halfPulled)).toBeUndefined();
      expect(await failureOf(images.pull(`${registry.domain}/team/half-pushed:1`))).toMatchObject({
        code: "not_found",
      });
    },
  );
});
