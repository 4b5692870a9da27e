import { randomBytes } from "node:crypto";
import { createSigner, type Engine, newObjectId, toLabels } from "@cos/core";
import { addContainer, createMemoryEngine, createMemoryHost } from "@cos/core/testing";
import { beforeEach, describe, expect, test } from "vitest";
import type { Caller } from "./caller.ts";
import { containerReference, resolveContainer } from "./resolve.ts";
import { agent, person } from "./testing/bench.ts";

const signer = createSigner(randomBytes(32));
let host: ReturnType<typeof createMemoryHost>;
let engine: Engine;

beforeEach(() => {
  host = createMemoryHost();
  engine = createMemoryEngine({ signer, images: {}, host });
});

const resolve = (reference: string, caller: Caller = agent) =>
  resolveContainer(
    { engine, caller, progress: () => {}, output: undefined, secrets: () => "", signal: new AbortController().signal },
    reference,
  );

/** A container that cos made for somebody, called `cos-NAME`. */
function addManaged(name: string, owner: string): string {
  const labels = toLabels(
    "container",
    {
      id: newObjectId(),
      owner,
      lifecycle: "persistent",
      name,
      purpose: "",
      project: "",
      image: "nginx:1",
      createdAt: new Date(),
      ttlSeconds: undefined,
      spec: "",
      specDigest: "",
    },
    signer,
  );
  return addContainer(host, { name: `cos-${name}`, image: "sha256:1", labels });
}

describe("a container is found by", () => {
  test("its name on the engine", async () => {
    const id = addContainer(host, { name: "web" });
    expect(await resolve("web")).toMatchObject({ kind: "container", id, name: "web", owner: undefined });
  });

  test("the name it was given in cos, and by its full name", async () => {
    const id = addManaged("api", "agent");
    for (const reference of ["api", "cos-api"]) {
      expect(await resolve(reference)).toMatchObject({ id, name: "cos-api", owner: "agent", image: "nginx:1" });
    }
  });

  test("12 or more digits of its id", async () => {
    const id = addContainer(host, { name: "web" });
    for (const length of [12, 13, 64]) expect(await resolve(id.slice(0, length))).toMatchObject({ id });
  });

  test("no other part of its name or id", async () => {
    const id = addContainer(host, { name: "web-server" });
    for (const reference of ["web", "server", "WEB-SERVER", id.slice(0, 11), id.slice(1, 20), id.toUpperCase()]) {
      await expect(resolve(reference)).rejects.toMatchObject({ code: "not_found" });
    }
  });

  test("its state as it is now", async () => {
    const id = addContainer(host, { name: "web" });
    const before = await resolve("web");
    expect((await resolve("web")).stateDigest).toBe(before.stateDigest);
    await engine.containers.restart(id, { graceSeconds: 0 });
    expect((await resolve("web")).stateDigest).not.toBe(before.stateDigest);
  });
});

describe("a reference that could mean several containers", () => {
  test("is refused with the candidates", async () => {
    const ids = [addContainer(host, { name: "web" }), addManaged("web", "agent")];
    await expect(resolve("web")).rejects.toMatchObject({
      code: "ambiguous",
      hint: expect.stringContaining(`${ids[0]?.slice(0, 12)} (web)`),
      details: { candidates: expect.arrayContaining(ids.map((id) => expect.objectContaining({ id }))) },
    });
    expect(await resolve("cos-web")).toMatchObject({ id: ids[1] });
  });

  test("is refused also when a container has another's id for a name", async () => {
    const id = addContainer(host, { name: "web" });
    addContainer(host, { name: id.slice(0, 12) });
    await expect(resolve(id.slice(0, 12))).rejects.toMatchObject({ code: "ambiguous" });
    expect(await resolve(id.slice(0, 13))).toMatchObject({ id });
  });
});

describe("another owner's container", () => {
  test("is not found by an agent, and makes nothing ambiguous for it", async () => {
    const id = addManaged("web", "somebody");
    for (const reference of ["web", "cos-web", id, id.slice(0, 12)]) {
      await expect(resolve(reference)).rejects.toMatchObject({ code: "not_found", details: undefined });
    }
    const own = addContainer(host, { name: "web" });
    expect(await resolve("web")).toMatchObject({ id: own });
  });

  test("is found by a person, with its owner", async () => {
    const id = addManaged("web", "somebody");
    expect(await resolve("web", person)).toMatchObject({ id, owner: "somebody" });
  });

  test("is unmanaged when its labels were only copied", async () => {
    const id = addManaged("web", "somebody");
    const copy = addContainer(host, { name: "copy", labels: host.containers.get(id)?.allLabels ?? {} });
    expect(await resolve("copy")).toMatchObject({ id: copy, owner: undefined });
  });
});

test.each(["web", "cos-web", "a.b_c-1", "A", "0".repeat(64)])("%s is a reference", (text) => {
  expect(containerReference().safeParse(text).success).toBe(true);
});

test.each(["", "-rf", ".web", "../web", "a/b", "a b", "a%2fb", "a\n", "ä", "x".repeat(129), "a?b"])(
  "%j is none",
  (text) => {
    expect(containerReference().safeParse(text).success).toBe(false);
  },
);
