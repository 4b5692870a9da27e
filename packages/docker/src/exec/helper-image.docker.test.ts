import { randomBytes } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSigner } from "@cos/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Images } from "../images/images.ts";
import { EngineClient } from "../transport/engine-client.ts";
import { Transport } from "../transport/transport.ts";
import { enginePath } from "../testing/raw-engine.ts";
import { HelperImage } from "./helper-image.ts";

let directory: string;
let program: string;
let client: EngineClient;
let images: Images;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "cos-helper-"));
  program = join(directory, "static-busybox");
  // A static busybox as a distribution would have it on this machine.
  execFileSync("sh", ["-c", 'docker run --rm --network none busybox cat /bin/busybox > "$1"', "sh", program]);
  client = new EngineClient(Transport.create({ kind: "unix", path: enginePath() }), "1.41");
  images = new Images({ client, signer: createSigner(randomBytes(32)), env: {} });
});
afterAll(async () => {
  client.transport.close();
  await rm(directory, { recursive: true, force: true });
});

const helperImage = (more: { name?: string; programs?: readonly string[]; local?: boolean }) =>
  new HelperImage({ client, images, local: true, programs: [], ...more });

describe("the image of helpers", () => {
  test("is the engine's busybox, by its id", async () => {
    const id = await helperImage({}).ensure();
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await helperImage({ name: id ?? "" }).ensure()).toBe(id);
    expect(await helperImage({}).find()).toEqual({ imageId: id });
  });

  test("is none when the one that was asked for is not there, and is not pulled", async () => {
    const image = helperImage({ name: "busybox:no-such-tag", programs: [program] });
    expect(await image.find()).toBeUndefined();
    expect(await image.ensure()).toBeUndefined();
  });
});

describe("where the engine has no busybox", () => {
  /** An engine that says so, and is the real one in everything else. */
  const withoutBusybox = () =>
    new Proxy(client, {
      get: (from, key) =>
        key === "call"
          ? async (method: string, segments: readonly string[], request: object) =>
              await from.call(
                method,
                segments.includes("busybox:latest") ? ["images", "cos-no-such-image", "json"] : segments,
                request,
              )
          : Reflect.get(from, key),
    });

  test("the image is built from this machine's static one, once", async () => {
    const image = new HelperImage({ client: withoutBusybox(), images, local: true, programs: ["/none", program] });
    expect(await image.find()).toEqual({ program });
    const [id, again] = await Promise.all([image.ensure(), image.ensure()]);
    try {
      expect(id).toMatch(/^sha256:/);
      expect(again).toBe(id);
      const says = execFileSync("docker", [
        "run",
        "--rm",
        "--network",
        "none",
        id ?? "",
        "/bin/busybox",
        "echo",
        "hello",
      ]);
      expect(says.toString()).toBe("hello\n");
    } finally {
      await images.remove(id ?? "");
    }
  });

  test.each<[string, () => Promise<Partial<{ programs: string[]; local: boolean }>>]>([
    ["there is none", async () => ({ programs: ["/no/such/busybox"] })],
    ["it needs libraries", async () => ({ programs: [process.execPath] })],
    [
      "it is no program",
      async () => {
        await writeFile(join(directory, "text"), "#!/bin/sh\n");
        return { programs: [join(directory, "text")] };
      },
    ],
    ["the engine runs elsewhere", async () => ({ programs: [program], local: false })],
  ])("there is no image when %s", async (_why, parts) => {
    const image = new HelperImage({ client: withoutBusybox(), images, local: true, ...(await parts()) });
    expect(await image.ensure()).toBeUndefined();
  });
});
