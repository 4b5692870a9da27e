import { randomBytes } from "node:crypto";
import { createSigner, engineName, toLabels } from "@cos/core";
import { addContainer, addImage, createMemoryEngine, createMemoryHost, fakeBusybox } from "@cos/core/testing";
import { describe, expect, test } from "vitest";
import { agent, deciding, openBench, person } from "../testing/bench.ts";

const signer = createSigner(randomBytes(32));
const host = () => createMemoryHost();

/** Labels of an image that an owner built by name. */
function built(owner: string, image: string, name = `image:${"0".repeat(32)}`) {
  const described = { id: "1", owner, name, image, lifecycle: "persistent", purpose: "", project: "" } as const;
  const rest = { createdAt: new Date(0), ttlSeconds: undefined, spec: "", specDigest: "" };
  return { tag: engineName(name), labels: toLabels("image", { ...described, ...rest }, signer) };
}

function openWith(place = host()) {
  const engine = createMemoryEngine({ signer, images: { "busybox:latest": fakeBusybox }, host: place });
  return { engine, place, bench: openBench({ engine }), asking: openBench({ engine, policy: deciding("confirm") }) };
}

/** A host with an image that `agent` built as `app:1`, on which somebody has put a tag of their own. */
function openWithApp({ also = [] as string[] } = {}) {
  const place = host();
  const { tag, labels } = built("agent", "docker.io/library/app:1");
  const id = addImage(place, { tags: [tag, "app:1", ...also], labels });
  return { id, content: tag, ...openWith(place) };
}

describe("image_list", () => {
  test("shows agents their own images and unmanaged ones, and people all", async () => {
    const { place, bench, id } = openWithApp();
    const other = built("other", "docker.io/library/theirs:1", `image:${"1".repeat(32)}`);
    addImage(place, { tags: [other.tag, "theirs:1"], labels: other.labels });
    const seen = async (caller = person, managed = false) => {
      const outcome = await bench.perform("image_list", { managed }, { caller });
      return outcome.status === "done" ? outcome : { text: "", result: { images: [] } };
    };
    expect((await seen(agent)).text).toMatch(/^[0-9a-f]{12} {2}busybox:latest {2}1000 B {2}unmanaged$/m);
    expect((await seen(agent)).text).toMatch(/^[0-9a-f]{12} {2}app:1 {2}1000 B {2}agent$/m);
    expect((await seen(agent)).text).not.toContain("theirs");
    expect((await seen()).text).toContain("theirs:1");
    expect((await seen(agent, true)).result).toMatchObject({
      images: [{ id, ownership: "managed", owner: "agent", builtAs: "docker.io/library/app:1" }],
    });
  });
});

describe("image_pull", () => {
  test("brings an image and answers with its digest", async () => {
    const { bench, engine } = openWith();
    await engine.images.removeTag("busybox:latest");
    const messages: string[] = [];
    const progress = ({ message }: { message: string }) => void messages.push(message);
    expect(await bench.perform("image_pull", { image: "busybox" }, { progress })).toMatchObject({
      status: "done",
      result: { tags: ["busybox:latest"], digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) },
    });
    expect(messages).toEqual(["Pulling busybox"]);
  });

  test("says before from where, and which image may lose the name", async () => {
    const { asking } = openWith();
    const outcome = await asking.perform("image_pull", { image: "busybox" });
    expect(outcome).toMatchObject({
      preview: {
        text: expect.stringMatching(
          /^Pull docker\.io\/library\/busybox:latest\. The engine has [0-9a-f]{12} under this name, which may lose it\.$/,
        ),
      },
    });
    expect(await asking.perform("image_pull", { image: "r.io/x" })).toMatchObject({
      preview: { text: "Pull r.io/x:latest. The engine does not have it." },
    });
  });

  test("asks policy about the registry", async () => {
    const { bench } = openWith();
    const call = { operation: "image_pull", input: { image: "r.io/team/x" }, caller: agent };
    expect((await bench.controlPlane.explain(call)).question).toMatchObject({
      registry: "r.io",
      image: "r.io/team/x:latest",
      targetOwnership: "none",
    });
  });

  test.each(["sha256:" + "0".repeat(64), "UPPER", ""])("refuses what is no reference: %j", async (image) => {
    await expect(openWith().bench.perform("image_pull", { image })).rejects.toMatchObject({ code: "invalid_argument" });
  });
});

describe("image_build", () => {
  const inlineDockerfile = "FROM busybox\n";

  test.each(["busybox", "app:1"])(
    "is refused before the engine does anything when the tag is not the caller's: %s",
    async (tag) => {
      const { bench } = openWithApp();
      await expect(bench.perform("image_build", { tag, inlineDockerfile })).rejects.toMatchObject({
        code: "already_exists",
        hint: expect.any(String),
      });
      expect(bench.engineCalls).not.toContain("images.build");
    },
  );

  test("says before what it is built from, and from which image it takes the tag", async () => {
    const { id, asking } = openWithApp();
    const outcome = await asking.perform("image_build", { tag: "app:1", inlineDockerfile }, { caller: agent });
    expect(outcome).toMatchObject({
      preview: {
        text: `Build docker.io/library/app:1 from a Dockerfile. Its steps run with network. It takes the tag from ${id.slice(7, 19)}.`,
        changes: { replaces: id },
      },
    });
  });

  test("asks policy about the build and its context", async () => {
    const { bench } = openWith();
    const call = { operation: "image_build", input: { tag: "x:1", buildContext: "/tmp" }, caller: agent };
    expect((await bench.controlPlane.explain(call)).question).toMatchObject({ builds: true, hostPaths: ["/tmp"] });
  });

  test.each([
    {},
    { base: "busybox" },
    { base: "busybox", provision: ["true"], inlineDockerfile },
    { buildContext: ".", inlineDockerfile, dockerfile: "x" },
    { dockerfile: "x" },
  ])("takes exactly one source: not %j", async (source) => {
    await expect(openWith().bench.perform("image_build", { tag: "x:1", ...source })).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });

  test.each(["cos-build:x", `x@sha256:${"0".repeat(64)}`])("refuses the tag %s", async (tag) => {
    await expect(openWith().bench.perform("image_build", { tag, inlineDockerfile })).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });
});

describe("image_push", () => {
  test("sends what the tag names and answers with the digest", async () => {
    const { id, bench } = openWithApp();
    expect(await bench.perform("image_push", { tag: "app:1" }, { caller: agent })).toMatchObject({
      result: { tag: "docker.io/library/app:1", id, digest: expect.stringMatching(/^sha256:/) },
      text: expect.stringMatching(/^pushed docker\.io\/library\/app:1 \(.*\ndigest: sha256:/),
    });
  });

  test("is about an own image only under the tag that it was built for", async () => {
    const { bench } = openWithApp({ also: ["r.io/prod:1"] });
    const ownershipOf = async (tag: string) =>
      (await bench.controlPlane.explain({ operation: "image_push", input: { tag }, caller: agent })).question
        .targetOwnership;
    expect(await ownershipOf("app:1")).toBe("own");
    expect(await ownershipOf("r.io/prod:1")).toBe("unmanaged");
    expect(await ownershipOf("busybox")).toBe("unmanaged");
  });

  test("knows nothing of what is not here, or is another agent's", async () => {
    const { bench } = openWithApp();
    const caller = { ...agent, name: "other" };
    for (const tag of ["app:1", "none:1"]) {
      await expect(bench.perform("image_push", { tag }, { caller })).rejects.toMatchObject({ code: "not_found" });
    }
  });
});

describe("image_remove", () => {
  const remove = (bench: ReturnType<typeof openWith>["bench"], image: string) =>
    bench.perform("image_remove", { image }, { caller: agent });

  test("takes an image away with the tags that cos gave it", async () => {
    const { id, content, bench, place } = openWithApp();
    expect(await remove(bench, "app:1")).toMatchObject({
      result: { id, untagged: ["app:1", content], removed: true },
    });
    expect(place.images.has(id)).toBe(false);
  });

  test("takes only the named tag of several", async () => {
    const { id, bench, place } = openWithApp({ also: ["r.io/prod:1"] });
    expect(await remove(bench, "r.io/prod:1")).toMatchObject({ result: { untagged: ["r.io/prod:1"], removed: false } });
    expect(place.images.get(id)?.tags).toHaveLength(2);
  });

  test("leaves an image of the caller's on which somebody put another tag", async () => {
    const { id, bench, place } = openWithApp({ also: ["r.io/prod:1"] });
    expect(await remove(bench, id)).toMatchObject({ result: { removed: false } });
    expect(place.images.get(id)?.tags).toEqual(["r.io/prod:1"]);
  });

  test.each([
    ["its whole id", (id: string) => id],
    ["12 digits of it", (id: string) => id.slice(7, 19)],
  ])("finds an image by %s, and takes all its tags", async (_, named) => {
    const place = host();
    const id = addImage(place, { tags: ["a:1", "b:1"] });
    const { bench } = openWith(place);
    expect(await remove(bench, named(id))).toMatchObject({ result: { untagged: ["a:1", "b:1"], removed: true } });
  });

  test("removes an image that has no tag", async () => {
    const place = host();
    const id = addImage(place, {});
    expect(await remove(openWith(place).bench, id)).toMatchObject({ result: { untagged: [], removed: true } });
  });

  test("of one that containers use is refused, and names those that the caller may know of", async () => {
    const { bench, place, engine } = openWith();
    const used = await engine.images.find("busybox");
    const container = { image: "busybox:latest", state: "exited" } as const;
    addContainer(place, { name: "mine", ...container });
    const described = { id: "1", owner: "other", name: "theirs", image: "", lifecycle: "ephemeral" } as const;
    const rest = { purpose: "", project: "", createdAt: new Date(), ttlSeconds: undefined, spec: "", specDigest: "" };
    addContainer(place, {
      name: "cos-theirs",
      ...container,
      labels: toLabels("container", { ...described, ...rest }, signer),
    });
    await expect(remove(bench, "busybox")).rejects.toMatchObject({
      code: "conflict",
      message: "Containers use the image busybox:latest: mine, 1 of others.",
    });
    expect(place.images.has(used?.id ?? "")).toBe(true);
  });

  test("says before what goes and what stays", async () => {
    const { asking, id, content } = openWithApp({ also: ["r.io/prod:1"] });
    const preview = async (image: string) => {
      const outcome = await asking.perform("image_remove", { image });
      return outcome.status === "confirm" ? outcome.preview.text : "";
    };
    expect(await preview("app:1")).toBe(
      `Take tags from image ${id.slice(7, 19)}, which stays: app:1, ${content}; owned by agent.`,
    );
    expect(await preview("busybox")).toMatch(/^Remove image [0-9a-f]{12}: busybox:latest; unmanaged, not made by cos/);
  });
});
