import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSigner, engineName, type ImageBuildRequest, isBuiltByName, ownerOfTag } from "@cos/core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { callEngine, enginePath, removeContainersWith, startRawContainer } from "../testing/raw-engine.ts";
import { EngineClient } from "../transport/engine-client.ts";
import { Transport } from "../transport/transport.ts";
import { Images } from "./images.ts";

const run = randomBytes(4).toString("hex");
const testLabel = `user.test=named-${run}`;
const signer = createSigner(randomBytes(32));
const owner = "named-test";
const tag = `cos-test/named-${run}:1`;

let transport: Transport;
let images: Images;
let root: string;

beforeAll(() => {
  transport = Transport.create({ kind: "unix", path: enginePath() });
  images = imagesOf(signer);
  root = mkdtempSync(join(tmpdir(), "cos-named-"));
});
afterEach(async () => {
  await removeContainersWith(testLabel);
  for (const name of [tag, `${tag}-other`, `${tag}-moved`]) await remove(name);
  const filters = encodeURIComponent(JSON.stringify({ label: [testLabel] }));
  // Removing an image can free the one it was built on.
  for (let round = 0; round < 3; round++) {
    for (const { Id } of await callEngine<{ Id: string }[]>("GET", `/images/json?filters=${filters}`)) await remove(Id);
  }
});
afterAll(() => {
  transport.close();
  rmSync(root, { recursive: true });
});

function imagesOf(by: typeof signer): Images {
  return new Images({
    client: new EngineClient(transport, "1.41"),
    signer: by,
    env: { DOCKER_CONFIG: "/nonexistent" },
  });
}
const remove = async (name: string) => void (await callEngine("DELETE", `/images/${name}?force=1`));
const tagPast = async (id: string, name: string) =>
  await callEngine("POST", `/images/${id}/tag?repo=${name.split(":")[0]}&tag=${name.split(":")[1]}`);
const build = async (content: string, more: Partial<ImageBuildRequest> = {}, by = images) =>
  await by.build(
    {
      env: { build: { inline: `FROM busybox\nLABEL ${testLabel}\nENV CONTENT=${content}\n` } },
      tag,
      owner,
      ...more,
    },
    { hostRoots: [root], pull: "never" },
  );

describe("an image that is built by name", () => {
  test("has its name, and labels that say whose it is and what it is for", async () => {
    const labels = { "user.note": `a "b" $HOME \\ é` };
    const { image, cached } = await build("1", { labels, project: "shop", purpose: `it's for "tests"` });
    expect(cached).toBe(false);
    expect(image.tags).toContain(tag);
    expect(image.labels).toMatchObject(labels);
    expect(image.ownership).toMatchObject({
      status: "managed",
      labels: { owner, lifecycle: "persistent", project: "shop", purpose: `it's for "tests"` },
    });
    expect(isBuiltByName(image)).toBe(true);
    expect((await images.list({ managed: true })).find(({ id }) => id === image.id)).toEqual({
      ...image,
      createdAt: expect.any(Date),
    });
  });

  test("is found again for the same content, also when its name was taken away", async () => {
    const { image } = await build("1");
    expect(await build("1")).toEqual({ image, cached: true });
    await images.removeTag(tag);
    expect((await images.find(image.id))?.tags).not.toContain(tag);
    expect(await build("1")).toMatchObject({ image: { id: image.id }, cached: true });
    expect((await images.find(tag))?.id).toBe(image.id);
  });

  test("may come from a context, or from a base and steps", async () => {
    writeFileSync(join(root, "Dockerfile"), `FROM busybox\nLABEL ${testLabel}\nCOPY note /\n`);
    writeFileSync(join(root, "note"), run);
    expect(await build("", { env: { build: { context: root } } })).toMatchObject({ cached: false });
    const provisioned = { base: tag, provision: ["test -e /note", "rm /note"] };
    expect(await build("", { env: provisioned, tag: `${tag}-other` })).toMatchObject({ cached: false });
    await expect(build("", { env: provisioned, tag: `${tag}-other` })).resolves.toMatchObject({ cached: true });
  });

  test("takes its name from the one that its owner built before, which goes unless it is used", async () => {
    const first = await build("1");
    const second = await build("2");
    expect((await images.find(tag))?.id).toBe(second.image.id);
    expect(await images.find(first.image.id)).toBeUndefined();

    await startRawContainer(testLabel, { command: "sleep 60", body: { Image: second.image.id } });
    const third = await build("3");
    expect((await images.find(tag))?.id).toBe(third.image.id);
    const left = await images.find(second.image.id);
    expect(left?.ownership.status).toBe("managed");
    expect(left === undefined || isBuiltByName(left)).toBe(false);
  });

  test("is not the image that the same content makes under another name or for somebody else", async () => {
    const { image } = await build("1");
    const other = await build("1", { tag: `${tag}-other` });
    expect(other.cached).toBe(false);
    expect(other.image.id).not.toBe(image.id);
    expect(ownerOfTag(image, tag)).toBe(owner);
    expect(ownerOfTag(image, `${tag}-other`)).toBeUndefined();
  });
});

describe("a name is never moved", () => {
  const refusal = { code: "already_exists", hint: expect.any(String) };

  test("from an image that cos did not build", async () => {
    const busybox = await images.find("busybox");
    await tagPast(busybox?.id ?? "", tag);
    await expect(build("1")).rejects.toMatchObject(refusal);
    expect((await images.find(tag))?.id).toBe(busybox?.id);
    expect(await images.list({ managed: true })).toEqual([]);
  });

  test("from another owner's or another installation's image", async () => {
    const { image } = await build("1");
    await expect(build("2", { owner: "somebody-else" })).rejects.toMatchObject(refusal);
    await expect(build("2", {}, imagesOf(createSigner(randomBytes(32))))).rejects.toMatchObject(refusal);
    expect((await images.find(tag))?.id).toBe(image.id);
  });

  test("when somebody put it on an image that was built here under another", async () => {
    const { image } = await build("1", { tag: `${tag}-other` });
    await tagPast(image.id, tag);
    await expect(build("2")).rejects.toMatchObject(refusal);
    expect((await images.find(tag))?.id).toBe(image.id);
  });

  test("from what was built on an own image, which has its labels too", async () => {
    const { image } = await build("1");
    const derived = await callEngine<{ Id: string }>(
      "POST",
      `/commit?container=${await startRawContainer(testLabel, { command: "true", body: { Image: image.id } })}`,
    );
    await tagPast(derived.Id, tag);
    expect((await images.find(tag))?.ownership.status).toBe("unmanaged");
    await expect(build("2")).rejects.toMatchObject(refusal);
  });

  test.each(["busybox@sha256:" + "0".repeat(64), "cos-build:x", "docker.io/library/cos-image:1", "not a name"])(
    "to one that is none: %s",
    async (name) => {
      await expect(build("1", { tag: name })).rejects.toMatchObject({ code: "invalid_argument" });
    },
  );
});

test("a tag of several goes alone; the last one takes the image along, unless a container uses it", async () => {
  const { image } = await build("1");
  await tagPast(image.id, `${tag}-moved`);
  await images.removeTag(`${tag}-moved`);
  expect((await images.find(image.id))?.tags).toContain(tag);
  await images.removeTag(tag);
  const [content = ""] = (await images.find(image.id))?.tags ?? [];
  expect(content).toMatch(/^cos-image:[0-9a-f]{32}$/);
  expect(image.ownership.status === "managed" && engineName(image.ownership.labels.name)).toBe(content);

  await startRawContainer(testLabel, { command: "sleep 60", body: { Image: image.id } });
  await expect(images.removeTag(content)).rejects.toMatchObject({ code: "conflict" });
  await expect(images.remove(image.id, { force: false })).rejects.toMatchObject({ code: "conflict" });
  await removeContainersWith(testLabel);
  await images.removeTag(content);
  expect(await images.find(image.id)).toBeUndefined();
});
