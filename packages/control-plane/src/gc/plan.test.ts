import type { Container, ContainerState, Image, ManagedLabels, Network, Ownership } from "@cos/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type EngineObjects, type GcRequest, planGc } from "./plan.ts";

const now = new Date("2026-06-01T12:00:00Z");
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);
const hour = 3600;

function labels(name: string, more: Partial<ManagedLabels> = {}): ManagedLabels {
  return {
    id: "0".repeat(32),
    owner: "user",
    lifecycle: "ephemeral",
    name,
    purpose: "",
    project: "",
    image: "busybox",
    createdAt: ago(10 * hour),
    ttlSeconds: undefined,
    spec: "",
    specDigest: "",
    ...more,
  };
}
const managed = (name: string, more: Partial<ManagedLabels> = {}): Ownership => ({
  status: "managed",
  labels: labels(name, more),
});
const nobodys: Ownership = { status: "unmanaged" };
const strangers: Ownership = { status: "foreign", instance: "0".repeat(16), owner: "user" };

function container(name: string, more: Partial<Container> = {}): Container {
  return {
    id: `container-${name}`,
    name: `cos-${name}`,
    image: "busybox",
    imageId: "image-busybox",
    state: "exited",
    createdAt: ago(10 * hour),
    finishedAt: ago(5 * hour),
    sizeBytes: 10,
    labels: {},
    networks: ["none"],
    ports: [],
    ownership: managed(name),
    ...more,
  };
}
function image(name: string, more: Partial<Image> = {}): Image {
  return {
    id: `image-${name}`,
    tags: [`cos-${name}`],
    digests: [],
    createdAt: ago(10 * hour),
    sizeBytes: 1000,
    labels: {},
    ownership: managed(name),
    use: { ownBytes: 100, isBase: false },
    ...more,
  };
}
function network(name: string, more: Partial<Network> = {}): Network {
  return {
    id: `network-${name}`,
    name: `cos-${name}`,
    createdAt: ago(10 * hour),
    internal: true,
    ownership: managed(name),
    ...more,
  };
}
const idsOf = (objects: Partial<EngineObjects>, request: Partial<GcRequest> = {}) =>
  planGc({ containers: [], images: [], networks: [], ...objects }, { now, graceSeconds: hour, ...request }).map(
    ({ id }) => id,
  );

describe("containers", () => {
  test("that ended longer ago than the grace go, with what they hold", () => {
    const containers = [
      container("ended"),
      container("dead", { state: "dead" }),
      container("just", { finishedAt: ago(hour - 1) }),
      container("unknown", { finishedAt: undefined }),
    ];
    expect(planGc({ containers, images: [], networks: [] }, { now, graceSeconds: hour })).toEqual([
      { kind: "container", id: "container-ended", name: "cos-ended", owner: "user", sizeBytes: 10 },
      { kind: "container", id: "container-dead", name: "cos-dead", owner: "user", sizeBytes: 10 },
    ]);
  });

  test.each(["running", "paused", "restarting", "removing"] as const)("that are %s stay, however old", (state) => {
    expect(idsOf({ containers: [container("web", { state })] }, { graceSeconds: 0 })).toEqual([]);
  });

  test("that were never started go after the grace, but never within a minute: they may be about to be", () => {
    const made = (name: string, seconds: number) =>
      container(name, {
        state: "created",
        finishedAt: undefined,
        ownership: managed(name, { createdAt: ago(seconds) }),
      });
    const containers = [made("old", hour + 1), made("young", hour - 1), made("new", 59)];
    expect(idsOf({ containers })).toEqual(["container-old"]);
    expect(idsOf({ containers }, { graceSeconds: 0 })).toEqual(["container-old", "container-young"]);
  });

  test("that ended go without a grace, also when nobody looked when that was", () => {
    const containers = [container("ended", { finishedAt: undefined })];
    expect(idsOf({ containers }, { graceSeconds: 0 })).toEqual(["container-ended"]);
  });

  test("with a temporary name stay: they may be all that is left of a service", () => {
    const containers = [container("web", { name: `cos-web.previous-${"0".repeat(12)}` })];
    expect(idsOf({ containers }, { graceSeconds: 0 })).toEqual([]);
  });

  test("with labels that tell no time stay", () => {
    const ownership = managed("odd", { createdAt: new Date(Number.NaN) });
    const containers = [container("odd", { state: "created", ownership })];
    expect(idsOf({ containers }, { graceSeconds: 0 })).toEqual([]);
  });
});

describe("images", () => {
  test("that cos cached go when no container was made from them, and count what is theirs alone", () => {
    const images = [image("cache:1")];
    expect(planGc({ containers: [], images, networks: [] }, { now, graceSeconds: hour })).toEqual([
      { kind: "image", id: "image-cache:1", name: "cos-cache:1", owner: "user", sizeBytes: 100 },
    ]);
  });

  test.each(["running", "exited", "created", "paused"] as const)(
    "stay when a container uses them that is %s",
    (state) => {
      for (const ownership of [nobodys, strangers, managed("web", { createdAt: ago(1) })]) {
        const containers = [container("web", { state, imageId: "image-cache:1", ownership, finishedAt: ago(1) })];
        expect(idsOf({ containers, images: [image("cache:1")] })).toEqual([]);
      }
    },
  );

  test("go together with the container that was the last to use them", () => {
    const containers = [container("ended", { imageId: "image-cache:1" })];
    expect(idsOf({ containers, images: [image("cache:1")] })).toEqual(["container-ended", "image-cache:1"]);
  });

  test("that were built by name stay, until a newer build has taken that name", () => {
    const ownership = managed("image:1", { lifecycle: "persistent", image: "docker.io/library/app:1" });
    expect(idsOf({ images: [image("image:1", { ownership, tags: ["cos-image:1", "app:1"] })] })).toEqual([]);
    expect(idsOf({ images: [image("image:1", { ownership })] })).toEqual(["image-image:1"]);
  });

  test("that were built by name or from a context go when they are asked for, by the name that people know", () => {
    const ownership = managed("image:1", { lifecycle: "persistent", image: "docker.io/library/app:1" });
    const named = image("image:1", { ownership, tags: ["cos-image:1", "app:1"] });
    const objects = { containers: [], images: [named, image("build:1")], networks: [] };
    const leftovers = planGc(objects, { now, graceSeconds: hour, builtImages: true });
    expect(leftovers.map(({ id, name }) => [id, name])).toEqual([
      ["image-image:1", "app:1"],
      ["image-build:1", "cos-build:1"],
    ]);
    const tagged = { ...named, tags: [...named.tags, "somebody/else:1"] };
    expect(planGc({ ...objects, images: [tagged] }, { now, graceSeconds: hour, builtImages: true })).toEqual([]);
    const containers = [container("web", { state: "running", imageId: "image-image:1" })];
    expect(planGc({ ...objects, containers, images: [named] }, { now, graceSeconds: hour, builtImages: true })).toEqual(
      [],
    );
  });

  test("stay when they were built for somebody, have another tag, are a base, or are young", () => {
    const images = [
      image("build:1"),
      image("cache:tagged", { tags: ["cos-cache:tagged", "mine:latest"] }),
      image("cache:base", { use: { ownBytes: 0, isBase: true } }),
      image("cache:unknown", { use: undefined }),
      image("cache:young", { ownership: managed("cache:young", { createdAt: ago(hour - 1) }) }),
    ];
    expect(idsOf({ images })).toEqual([]);
  });
});

describe("networks", () => {
  test("that no container is on go, once they are old enough", () => {
    const networks = [network("old"), network("young", { ownership: managed("young", { createdAt: ago(hour - 1) }) })];
    expect(idsOf({ networks })).toEqual(["network-old"]);
  });

  test.each(["running", "exited", "created", "paused"] as const)(
    "stay when a container is on them that is %s",
    (state) => {
      for (const ownership of [nobodys, strangers, managed("web", { createdAt: ago(1) })]) {
        for (const name of ["cos-net", "network-net", "network-n"]) {
          const containers = [container("web", { state, networks: [name], ownership, finishedAt: ago(1) })];
          expect(idsOf({ containers, networks: [network("net")] })).toEqual([]);
        }
      }
    },
  );

  test("go together with the container that was the last on them", () => {
    const containers = [container("ended", { networks: ["cos-net"] })];
    expect(idsOf({ containers, networks: [network("net")] })).toEqual(["container-ended", "network-net"]);
  });
});

test.each([nobodys, strangers])("what cos did not make here stays: %o", (ownership) => {
  const objects = {
    containers: [container("web", { ownership })],
    images: [image("cache:1", { ownership })],
    networks: [network("net", { ownership })],
  };
  expect(idsOf(objects, { graceSeconds: 0 })).toEqual([]);
});

test("an owner's own are only the owner's", () => {
  const theirs = { owner: "agent" };
  const objects = {
    containers: [container("a"), container("b", { ownership: managed("b", theirs) })],
    images: [image("cache:a"), image("cache:b", { ownership: managed("cache:b", theirs) })],
    networks: [network("a"), network("b", { ownership: managed("b", theirs) })],
  };
  expect(idsOf(objects, { owner: "agent" })).toEqual(["container-b", "image-cache:b", "network-b"]);
  expect(idsOf(objects)).toHaveLength(6);
});

describe("any engine", () => {
  const states: ContainerState[] = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];
  const seconds = fc.constantFrom(0, 59, 61, hour - 1, hour + 1, 9 * hour);
  const ownership = (name: string) =>
    fc
      .oneof(
        { weight: 3, arbitrary: fc.record({ owner: fc.constantFrom("user", "agent"), age: seconds }) },
        { weight: 1, arbitrary: fc.constantFrom(nobodys, strangers) },
      )
      .map((whose) => ("status" in whose ? whose : managed(name, { owner: whose.owner, createdAt: ago(whose.age) })));
  const someContainer = fc.nat(20).chain((n) =>
    fc
      .record({
        name: fc.constantFrom(`cos-c${n}`, `cos-c${n}.next-000000000000`, "web"),
        state: fc.constantFrom(...states),
        finishedAt: fc.option(seconds.map(ago), { nil: undefined }),
        imageId: fc.constantFrom("image-cache:1", "image-cache:2", "image-busybox"),
        networks: fc.subarray(["cos-n1", "network-n2", "bridge"]),
        ownership: ownership(`c${n}`),
      })
      .map((more) => container(`c${n}`, more)),
  );
  const someImage = fc.constantFrom("cache:1", "cache:2", "build:3").chain((name) =>
    fc
      .record({
        tags: fc.constantFrom([`cos-${name}`], [`cos-${name}`, "x:1"], [], ["x:1"]),
        use: fc.constantFrom({ ownBytes: 1, isBase: false }, { ownBytes: 0, isBase: true }),
        ownership: ownership(name),
      })
      .map((more) => image(name, more)),
  );
  const someNetwork = fc
    .constantFrom("n1", "n2", "n3")
    .chain((name) => ownership(name).map((whose) => network(name, { ownership: whose })));
  const byId = { selector: ({ id }: { id: string }) => id };
  const objects = fc.record({
    containers: fc.uniqueArray(someContainer, byId),
    images: fc.uniqueArray(someImage, byId),
    networks: fc.uniqueArray(someNetwork, byId),
  });
  const request = fc.record({
    now: fc.constant(now),
    graceSeconds: fc.constantFrom(0, 60, hour),
    owner: fc.constantFrom(undefined, "user", "agent"),
  });

  /** The same as sentences, one object at a time, without a thought for speed. */
  function expected({ containers, images, networks }: EngineObjects, { graceSeconds, owner }: GcRequest): string[] {
    const over = (time: Date | undefined, atLeast = 0) =>
      time !== undefined && (now.getTime() - time.getTime()) / 1000 >= Math.max(graceSeconds, atLeast);
    const mine = (whose: Ownership) =>
      whose.status === "managed" && (owner === undefined || whose.labels.owner === owner) ? whose.labels : undefined;
    const goes = (it: Container) => {
      const own = mine(it.ownership);
      if (own === undefined || it.name !== `cos-${own.name}`) return false;
      if (it.state === "created") return over(own.createdAt, 60);
      if (it.state !== "exited" && it.state !== "dead") return false;
      return graceSeconds === 0 || over(it.finishedAt);
    };
    const stay = containers.filter((it) => !goes(it));
    return [
      ...containers.filter(goes),
      ...images.filter((it) => {
        const own = mine(it.ownership);
        if (own === undefined || !over(own.createdAt) || it.use?.isBase !== false) return false;
        if (JSON.stringify(it.tags) !== JSON.stringify([`cos-${own.name}`]) || own.name.startsWith("build:"))
          return false;
        return stay.every(({ imageId }) => imageId !== it.id);
      }),
      ...networks.filter((it) => {
        const own = mine(it.ownership);
        const uses = ({ networks: on }: Container) => on.includes(it.name) || on.includes(it.id);
        return own !== undefined && over(own.createdAt) && !stay.some(uses);
      }),
    ].map(({ id }) => id);
  }

  test("loses what the rules say, and nothing else", () => {
    fc.assert(
      fc.property(objects, request, (given, asked) => {
        expect(planGc(given, asked).map(({ id }) => id)).toEqual(expected(given, asked));
      }),
      { numRuns: 2000 },
    );
  });

  test("loses nothing that runs, that others made, or that what stays depends on", () => {
    fc.assert(
      fc.property(objects, request, (given, asked) => {
        const gone = new Set(planGc(given, asked).map(({ id }) => id));
        for (const { id, ownership } of [...given.containers, ...given.images, ...given.networks]) {
          if (gone.has(id)) expect(ownership.status).toBe("managed");
        }
        for (const { id, state, imageId, networks } of given.containers) {
          if (gone.has(id)) expect(["created", "exited", "dead"]).toContain(state);
          else {
            expect(gone).not.toContain(imageId);
            for (const it of given.networks) if (networks.includes(it.name)) expect(gone).not.toContain(it.id);
          }
        }
      }),
    );
  });

  test("has nothing left to lose after it", () => {
    fc.assert(
      fc.property(objects, request, (given, asked) => {
        const gone = new Set(planGc(given, asked).map(({ id }) => id));
        const stays = ({ id }: { readonly id: string }) => !gone.has(id);
        const rest = {
          containers: given.containers.filter(stays),
          images: given.images.filter(stays),
          networks: given.networks.filter(stays),
        };
        expect(planGc(rest, asked)).toEqual([]);
      }),
    );
  });
});
