import { defineWorkload, type WorkloadInput } from "@cos/core";
import { describe, expect, test } from "vitest";
import { agent, person } from "./testing/bench.ts";
import { toWorkload, workloadFields } from "./workload-fields.ts";

const parse = (input: object) => workloadFields().parse(input);
const toSpec = (input: object, caller = person) => defineWorkload(toWorkload(parse(input), caller));
const problemsOf = (input: object) =>
  workloadFields()
    .safeParse(input)
    .error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];

const withImage = { env: { image: "busybox" } };
const inline = "FROM busybox\nRUN true\n";

/** What every flat field becomes in a workload: flat input, then the same by hand. */
const examples: Readonly<
  Record<keyof ReturnType<typeof workloadFields>["shape"], readonly [flat: object, workload: WorkloadInput]>
> = {
  image: [{ image: "busybox" }, withImage],
  command: [
    { image: "busybox", command: "id && date" },
    { ...withImage, command: "id && date" },
  ],
  base: [{ base: "busybox", provision: ["true"] }, { env: { base: "busybox", provision: ["true"] } }],
  provision: [{ base: "busybox", provision: ["a", "b"] }, { env: { base: "busybox", provision: ["a", "b"] } }],
  buildContext: [{ buildContext: "./app" }, { env: { build: { context: "./app" } } }],
  dockerfile: [
    { buildContext: ".", dockerfile: "docker/Dockerfile" },
    { env: { build: { context: ".", dockerfile: "docker/Dockerfile" } } },
  ],
  inlineDockerfile: [{ inlineDockerfile: inline }, { env: { build: { inline } } }],
  buildArguments: [
    { inlineDockerfile: inline, buildArguments: { A: "1" } },
    { env: { build: { inline, arguments: { A: "1" } } } },
  ],
  buildTarget: [{ inlineDockerfile: inline, buildTarget: "test" }, { env: { build: { inline, target: "test" } } }],
  entrypoint: [
    { image: "busybox", entrypoint: ["/bin/echo"], command: ["hi"] },
    { ...withImage, entrypoint: ["/bin/echo"], command: ["hi"] },
  ],
  stdin: [
    { image: "busybox", stdin: "in" },
    { ...withImage, stdin: "in" },
  ],
  stdinEncoding: [
    { image: "busybox", stdin: "/w==", stdinEncoding: "base64" },
    { ...withImage, stdin: "/w==", stdinEncoding: "base64" },
  ],
  files: [
    { image: "busybox", files: [{ path: "/in/a", content: "x", mode: "755" }] },
    { ...withImage, files: [{ path: "/in/a", content: "x", mode: "755" }] },
  ],
  artifacts: [
    { image: "busybox", artifacts: ["/out"] },
    { ...withImage, artifacts: ["/out"] },
  ],
  env: [
    { image: "busybox", env: { A: "x=y\n" } },
    { ...withImage, variables: { A: "x=y\n" } },
  ],
  mounts: [
    {
      image: "busybox",
      mounts: [
        { type: "volume", name: "data", target: "/data" },
        { type: "tmpfs", target: "/t", size: "1m" },
      ],
    },
    {
      ...withImage,
      mounts: [
        { type: "volume", name: "data", target: "/data" },
        { type: "tmpfs", target: "/t", size: "1m" },
      ],
    },
  ],
  publish: [
    { image: "busybox", publish: ["8080:80"] },
    { ...withImage, ports: ["8080:80"] },
  ],
  network: [
    { image: "busybox", network: "bridge" },
    { ...withImage, network: "bridge" },
  ],
  profile: [
    { image: "busybox", profile: "strict" },
    { ...withImage, profile: "strict" },
  ],
  cpus: [
    { image: "busybox", cpus: 0.5 },
    { ...withImage, limits: { cpus: 0.5 } },
  ],
  memory: [
    { image: "busybox", memory: "64m" },
    { ...withImage, limits: { memory: "64m" } },
  ],
  pids: [
    { image: "busybox", pids: 16 },
    { ...withImage, limits: { pids: 16 } },
  ],
  tmpfsSize: [
    { image: "busybox", tmpfsSize: "8m" },
    { ...withImage, limits: { tmpfs: "8m" } },
  ],
  user: [
    { image: "busybox", user: "1000:1000" },
    { ...withImage, user: "1000:1000" },
  ],
  workingDir: [
    { image: "busybox", workingDir: "/srv" },
    { ...withImage, workingDir: "/srv" },
  ],
  timeoutSeconds: [
    { image: "busybox", timeoutSeconds: 5 },
    { ...withImage, timeoutSeconds: 5 },
  ],
  ttlSeconds: [
    { image: "busybox", ttlSeconds: 9 },
    { ...withImage, ttlSeconds: 9 },
  ],
  name: [
    { image: "busybox", name: "web" },
    { ...withImage, name: "web" },
  ],
  project: [
    { image: "busybox", project: "shop" },
    { ...withImage, project: "shop" },
  ],
  purpose: [
    { image: "busybox", purpose: "to see" },
    { ...withImage, purpose: "to see" },
  ],
  labels: [
    { image: "busybox", labels: { "user.team": "a" } },
    { ...withImage, labels: { "user.team": "a" } },
  ],
  pull: [
    { image: "busybox", pull: "never" },
    { ...withImage, pull: "never" },
  ],
};

describe("flat fields", () => {
  test("have an example here, every one of them", () => {
    expect(Object.keys(examples).sort()).toEqual(Object.keys(workloadFields().shape).sort());
  });

  test.each(Object.entries(examples))("%s means what it means in a workload", (field, [flat, workload]) => {
    expect(Object.keys(flat)).toContain(field);
    expect(toSpec(flat)).toEqual(defineWorkload(workload));
  });

  test.each(Object.entries(examples).filter(([field]) => !["image", "base", "provision"].includes(field)))(
    "%s makes a difference",
    (field, [flat]) => {
      const without = Object.fromEntries(Object.entries(flat).filter(([name]) => name !== field));
      const left = workloadFields().safeParse(without);
      if (left.success) expect(toWorkload(left.data, person)).not.toEqual(toWorkload(parse(flat), person));
      else expect(left.error.issues).not.toEqual([]);
    },
  );

  test("leave the defaults to the workload", () => {
    expect(toSpec({ image: "busybox" })).toEqual(defineWorkload(withImage));
    expect(toSpec({ image: "busybox" })).toMatchObject({ network: "none", profile: "sandbox", lifecycle: "ephemeral" });
  });
});

describe("the time a job may take", () => {
  test("is 300 seconds for agents and open for people, unless they say", () => {
    const http = { ...agent, kind: "http" } as const;
    const script = { ...person, kind: "script" } as const;
    expect([agent, http, person, script].map((caller) => toSpec({ image: "busybox" }, caller).timeoutSeconds)).toEqual([
      300,
      300,
      undefined,
      undefined,
    ]);
    expect(toSpec({ image: "busybox", timeoutSeconds: 900 }, agent).timeoutSeconds).toBe(900);
  });
});

describe("the user of a job", () => {
  const bind = { image: "busybox", mounts: [{ type: "bind", source: "./src", target: "/src" }] };
  const self = `${process.getuid?.()}:${process.getgid?.()}`;

  test("is whoever runs cos when a host path is mounted, so that files made there are theirs", () => {
    expect(toSpec(bind).user).toBe(self);
  });

  test("is the one that was asked for, and the image's when nothing of the host is mounted", () => {
    expect(toSpec({ ...bind, user: "65534" }).user).toBe("65534");
    expect(toSpec({ image: "busybox", mounts: [{ type: "tmpfs", target: "/t" }] }).user).toBeUndefined();
  });
});

describe("fields that contradict each other", () => {
  const source =
    "give one source of the image: `image`, `base` with `provision`, or `buildContext` or `inlineDockerfile`";
  test.each([
    ["no image", {}, `: ${source}`],
    ["two images", { image: "a", base: "b", provision: ["c"] }, `: ${source}`],
    ["an image and a build", { image: "a", buildContext: "." }, `: ${source}`],
    ["an image and a build argument", { image: "a", buildArguments: { A: "1" } }, `: ${source}`],
    ["a base without provision", { base: "a" }, ": base and provision go together"],
    [
      "a port without a network",
      { image: "a", publish: ["1:1"], network: "none" },
      ": Ports cannot be published on network none. Leave network out, or use bridge.",
    ],
    [
      "two ports on one",
      { image: "a", publish: ["1:1", "1:2"] },
      ": A host port is published twice. Give each published port its own host port.",
    ],
    [
      "a command line and an entrypoint",
      { image: "a", command: "b", entrypoint: ["c"] },
      expect.stringContaining("exclude each other"),
    ],
    [
      "nested mounts",
      {
        image: "a",
        mounts: [
          { type: "tmpfs", target: "/t" },
          { type: "tmpfs", target: "/t/u" },
        ],
      },
      expect.stringContaining("lies inside another"),
    ],
    [
      "input that is not base64",
      { image: "a", stdin: "?", stdinEncoding: "base64" },
      expect.stringContaining("not base64"),
    ],
  ])("do not parse: %s, said once and in words of the flat form", (_, input, problem) => {
    expect(problemsOf(input)).toEqual([problem]);
  });

  test("are looked for only when each field is right by itself: what is wrong is said once", () => {
    expect(problemsOf({ image: "busybox", memory: "lots" })).toEqual([
      'memory: expected a size like "512m" (b, k, m or g)',
    ]);
  });
});
