import { CosError, defineWorkload, parseByteSize, type WorkloadInput, type WorkloadSpec } from "@cos/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ContainerBody } from "../api.ts";
import type { ResolvedImage } from "../images/image.ts";
import { assertBuiltAsAsked, compile, findDifferences } from "./compile.ts";
import type { CompileInput } from "./plan.ts";
import { table } from "./table.ts";
import { toFaithfulBody, withAnother } from "../testing/faithful-body.ts";

const gibibyte = 1024 ** 3;
const facts = {
  capabilities: {
    cpus: 4,
    memoryBytes: 8 * gibibyte,
    limits: { cpus: true, memory: true, pids: true },
    build: true,
    localFiles: true,
  },
  swapLimit: true,
  rootless: false,
  dockerInit: true,
  podman: false,
  ownFiles: [],
};
const plainImage: ResolvedImage = {
  id: `sha256:${"a".repeat(64)}`,
  tags: ["busybox:latest"],
  config: { entrypoint: [], command: ["sh"], variables: [], user: "", workingDir: "", volumes: [], stopSignal: "" },
};
const opinionatedImage: ResolvedImage = {
  id: `sha256:${"b".repeat(64)}`,
  tags: ["postgres:15"],
  config: {
    entrypoint: ["docker-entrypoint.sh"],
    command: ["postgres"],
    variables: ["PATH=/usr/bin:/bin", "LD_PRELOAD=/evil.so", "PGDATA=/var/lib/postgresql/data"],
    user: "postgres",
    workingDir: "/srv",
    volumes: ["/var/lib/postgresql/data", "/backup"],
    stopSignal: "SIGINT",
  },
};

function inputFor(spec: WorkloadSpec, image = plainImage, attached = true): CompileInput {
  const binds = spec.mounts.flatMap((mount) =>
    mount.type === "bind" ? [{ target: mount.target, source: `/real${mount.source}` }] : [],
  );
  return {
    spec,
    variables: spec.variables,
    image,
    facts,
    binds,
    network: spec.network === "team" ? "cos-team" : spec.network,
    attached,
    labels: { "cos.managed": "true", "cos.id": "1" },
    volumeLabels: { "cos.id": "1" },
  };
}

function bodyOf(input: WorkloadInput, image = plainImage, attached = true): Record<string, any> {
  return compile(inputFor(defineWorkload(input), image, attached)).body;
}

const text = fc.string({ maxLength: 20 }).map((written) => written.replaceAll("\0", ""));
const words = fc.array(text, { minLength: 1, maxLength: 4 });
const name = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,8}[a-z0-9]$/);
const target = fc.constantFrom(
  "/data",
  "/tmp",
  "/srv/a",
  "/srv/b",
  "/home/user",
  "/usr/share/html",
  "/var/lib/postgresql/data",
  "/backup",
);
const mount = fc.oneof(
  fc.record({ type: fc.constant("volume" as const), name, target, readOnly: fc.boolean() }),
  fc.record({ type: fc.constant("tmpfs" as const), target, size: fc.constantFrom("4k", "64m", "1g") }),
  fc.record({
    type: fc.constant("bind" as const),
    source: fc.constantFrom("/etc", "/", "data"),
    target,
    readOnly: fc.boolean(),
  }),
);
const port = fc
  .tuple(fc.nat({ max: 65_535 }), fc.integer({ min: 1, max: 65_535 }), fc.constantFrom("", "/tcp", "/udp"))
  .map(([host, container, protocol]) => `${host}:${container}${protocol}`);
const limits = fc.record(
  {
    cpus: fc.double({ min: 0.01, max: 4, noNaN: true }),
    memory: fc.constantFrom("6m", "512m", "8g"),
    pids: fc.integer({ min: 1, max: 65_536 }),
    tmpfs: fc.constantFrom("4k", "64m"),
    log: fc.constantFrom("64k", "32m"),
  },
  { requiredKeys: [] },
);
/** Any workload that may be asked for; those that contradict themselves are left out. */
const workload = fc
  .record(
    {
      env: fc.constant({ image: "busybox" }),
      command: fc.oneof(
        text.filter((line) => line !== ""),
        words,
      ),
      entrypoint: words,
      stdin: fc.string(),
      mounts: fc.uniqueArray(mount, { maxLength: 4, selector: ({ target: where }) => where }),
      variables: fc.dictionary(fc.stringMatching(/^[^=\0]{1,10}$/), text, { maxKeys: 4 }),
      labels: fc.dictionary(fc.stringMatching(/^user\.[a-z0-9]{1,8}$/), fc.stringMatching(/^[a-z ]{1,9}$/), {
        maxKeys: 3,
      }),
      limits,
      network: fc.constantFrom("none", "bridge", "team"),
      user: fc.constantFrom("root", "0", "0:0", "1000", "1000:1000", "nobody", "00"),
      workingDir: fc.constantFrom("/", "/srv", "/home/user"),
      ports: fc.array(port, { maxLength: 4 }),
      profile: fc.constantFrom("sandbox", "service", "strict"),
      healthCheck: fc.record({ command: words, intervalSeconds: fc.integer({ min: 5, max: 3600 }) }),
      restart: fc.record({ maxAttempts: fc.integer({ min: 1, max: 5 }) }),
      lifecycle: fc.constantFrom("ephemeral", "persistent"),
      name,
      ttlSeconds: fc.integer({ min: 1, max: 1000 }),
      timeoutSeconds: fc.integer({ min: 1, max: 1000 }),
    },
    { requiredKeys: ["env"] },
  )
  .map((input): WorkloadSpec | undefined => {
    try {
      return defineWorkload(input as WorkloadInput);
    } catch {
      return undefined;
    }
  })
  .filter((spec) => spec !== undefined);
const compileInput = fc
  .tuple(
    workload,
    fc.constantFrom(plainImage, opinionatedImage),
    fc.boolean(),
    fc.constantFrom(undefined, "stream" as const, "terminal" as const),
  )
  .map(([spec, image, attached, interaction]) => ({ ...inputFor(spec, image, attached), interaction }));

/** The container's body, or undefined when the spec cannot be had on this engine and image. */
function compileOrRefuse(input: CompileInput) {
  try {
    return compile(input);
  } catch (error) {
    expect(CosError.is(error) && error.code).toBe("failed_precondition");
    return undefined;
  }
}

/** The fields that may be sent to an engine. Adding one means deciding what it lets a container do. */
const allowed = {
  body: [
    "AttachStderr",
    "AttachStdin",
    "AttachStdout",
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Healthcheck",
    "HostConfig",
    "Image",
    "Labels",
    "OpenStdin",
    "StdinOnce",
    "StopSignal",
    "StopTimeout",
    "Tty",
    "User",
    "WorkingDir",
  ],
  hostConfig: [
    "AutoRemove",
    "CapAdd",
    "CapDrop",
    "CgroupnsMode",
    "Init",
    "IpcMode",
    "LogConfig",
    "Memory",
    "MemorySwap",
    "Mounts",
    "NanoCpus",
    "NetworkMode",
    "OomKillDisable",
    "PidsLimit",
    "PortBindings",
    "Privileged",
    "PublishAllPorts",
    "ReadonlyRootfs",
    "RestartPolicy",
    "SecurityOpt",
    "ShmSize",
    "Tmpfs",
    "Ulimits",
  ],
};

describe("every workload", () => {
  test("is either compiled or refused, and always in the same way", () => {
    fc.assert(
      fc.property(compileInput, (input) => {
        expect(JSON.stringify(compileOrRefuse(input)?.body)).toBe(
          JSON.stringify(compileOrRefuse(structuredClone(input))?.body),
        );
      }),
    );
  });

  test("is compiled to allowed fields only, and never to one that widens what a container may do", () => {
    fc.assert(
      fc.property(compileInput, (input) => {
        const body = compileOrRefuse(input)?.body;
        if (body === undefined) return;
        const host = body["HostConfig"] as Record<string, any>;
        expect(allowed.body).toEqual(expect.arrayContaining(Object.keys(body)));
        expect(allowed.hostConfig).toEqual(expect.arrayContaining(Object.keys(host)));
        expect(host).toMatchObject({
          Privileged: false,
          CapDrop: ["ALL"],
          SecurityOpt: ["no-new-privileges"],
          IpcMode: "private",
          CgroupnsMode: "private",
          OomKillDisable: false,
          PublishAllPorts: false,
          AutoRemove: false,
          Init: true,
          NetworkMode: input.network,
          ReadonlyRootfs: input.spec.profile === "strict",
        });
        expect(host["CapAdd"]).toHaveLength(input.spec.profile === "service" ? 7 : 0);
      }),
    );
  });

  test("has limits that are positive whole numbers, never more than asked for", () => {
    fc.assert(
      fc.property(compileInput, (input) => {
        const host = compileOrRefuse(input)?.body["HostConfig"] as Record<string, number> | undefined;
        if (host === undefined) return;
        for (const field of ["Memory", "MemorySwap", "NanoCpus", "PidsLimit", "ShmSize"]) {
          expect(Number.isSafeInteger(host[field]) && (host[field] ?? 0) > 0, field).toBe(true);
        }
        const { limits: asked } = input.spec;
        expect(host["Memory"]).toBe(parseByteSize(asked.memory ?? "2g"));
        expect(host["MemorySwap"]).toBe(host["Memory"]);
        expect(host["NanoCpus"]).toBe(Math.round((asked.cpus ?? 2) * 1e9));
        expect(host["PidsLimit"]).toBe(asked.pids);
      }),
    );
  });

  test("publishes on the loopback address only", () => {
    fc.assert(
      fc.property(compileInput, (input) => {
        const bindings = compileOrRefuse(input)?.body["HostConfig"] as
          | { PortBindings: Record<string, { HostIp: string }[]> }
          | undefined;
        const published = Object.values(bindings?.PortBindings ?? {}).flat();
        expect(published.every(({ HostIp }) => HostIp === "127.0.0.1")).toBe(true);
        if (bindings !== undefined) expect(published).toHaveLength(input.spec.ports.length);
      }),
    );
  });

  test("binds only host paths that were checked, and creates volumes without options", () => {
    fc.assert(
      fc.property(compileInput, (input) => {
        const host = compileOrRefuse(input)?.body["HostConfig"] as { Mounts: Record<string, any>[] } | undefined;
        for (const { Type, Source, VolumeOptions, BindOptions } of host?.Mounts ?? []) {
          expect(VolumeOptions ?? {}).not.toHaveProperty("DriverConfig");
          if (Type === "bind") {
            expect(input.binds.map(({ source }) => source)).toContain(Source);
            expect(BindOptions).toEqual({ Propagation: "rprivate" });
          } else expect(Source ?? "cos-").toMatch(/^cos-/);
        }
      }),
    );
  });

  test("does not run as root in profile strict", () => {
    fc.assert(
      fc.property(compileInput, (input) => {
        const body = compileOrRefuse({ ...input, spec: { ...input.spec, profile: "strict" } })?.body;
        if (body !== undefined) expect(body["User"]).not.toMatch(/^$|^root|^0+(:|$)/);
      }),
    );
  });

  test("compares equal with a container built as asked for", () => {
    fc.assert(
      fc.property(compileInput, (input) => {
        const compiled = compileOrRefuse(input);
        if (compiled !== undefined) expect(findDifferences(compiled, toFaithfulBody(compiled.body))).toEqual([]);
      }),
    );
  });

  test("cannot smuggle a field that the schema does not name", () => {
    fc.assert(
      fc.property(
        workload,
        fc.constantFrom("HostConfig", "privileged", "Binds", "capAdd", "devices", "__proto__", "constructor"),
        (spec, key) => {
          const smuggled = JSON.parse(
            `{${JSON.stringify(key)}: {"Privileged": true}, ${JSON.stringify(spec).slice(1)}`,
          ) as WorkloadInput;
          expect(() => defineWorkload(smuggled)).toThrow(/Unrecognized key/);
          const nested = {
            ...spec,
            limits: JSON.parse(`{${JSON.stringify(key)}: 1, ${JSON.stringify(spec.limits).slice(1)}`) as object,
          };
          expect(() => defineWorkload(nested as WorkloadInput)).toThrow(/Unrecognized key/);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe("what is asked for", () => {
  const env = { image: "busybox" };

  test.each([
    ["nobody talks", undefined, {}, { Tty: false, OpenStdin: false, StdinOnce: false, AttachStdin: false }],
    ["stdin is given", undefined, { stdin: "" }, { Tty: false, OpenStdin: true, StdinOnce: true, AttachStdin: true }],
    ["somebody talks", "stream", {}, { Tty: false, OpenStdin: true, StdinOnce: true, AttachStdin: true }],
    ["somebody sits at a terminal", "terminal", {}, { Tty: true, OpenStdin: true, StdinOnce: true, AttachStdin: true }],
  ] as const)("input and a terminal as %s", (_what, interaction, more, expected) => {
    const input = inputFor(defineWorkload({ env, ...more }));
    expect(compile({ ...input, interaction }).body).toMatchObject(expected);
  });

  test("a sandboxed job", () => {
    expect(bodyOf({ env, command: "echo hi" })).toMatchSnapshot();
  });

  test("a service with ports and a health check", () => {
    const healthCheck = { command: "wget -q localhost", intervalSeconds: 5 };
    const service: WorkloadInput = {
      env,
      lifecycle: "persistent",
      name: "web",
      ports: ["8080:80", "0:443", "53:53/udp"],
      healthCheck,
      restart: { maxAttempts: 3 },
    };
    expect(bodyOf(service, plainImage, false)).toMatchSnapshot();
  });

  test("a strict job", () => {
    expect(bodyOf({ env, command: ["id"], profile: "strict" })).toMatchSnapshot();
  });

  test("a volume, a tmpfs and bind mounts", () => {
    const mounts: WorkloadInput["mounts"] = [
      { type: "volume", name: "cache", target: "/cache" },
      { type: "volume", name: "fixed", target: "/fixed", readOnly: true },
      { type: "tmpfs", target: "/scratch", size: "1m" },
      { type: "bind", source: "/work", target: "/src" },
      { type: "bind", source: "/out", target: "/out", readOnly: false },
    ];
    const { HostConfig } = bodyOf({ env, mounts });
    expect({ Mounts: HostConfig.Mounts, Tmpfs: HostConfig.Tmpfs }).toMatchSnapshot();
  });

  test("an image with an entrypoint, a user, volumes, variables and a stop signal", () => {
    const { HostConfig, ...body } = bodyOf(
      { env, variables: { LD_PRELOAD: "", MORE: "1" }, stdin: "x" },
      opinionatedImage,
    );
    expect({ ...body, Mounts: HostConfig.Mounts }).toMatchSnapshot();
  });

  test.each<[string, Partial<WorkloadInput>, string[], string[]]>([
    ["a command line replaces the entrypoint", { command: "echo hi" }, ["/bin/sh", "-c"], ["echo hi"]],
    ["a list goes to the image's entrypoint", { command: ["--version"] }, ["docker-entrypoint.sh"], ["--version"]],
    ["nothing leaves both to the image", {}, ["docker-entrypoint.sh"], ["postgres"]],
    ["an entrypoint drops the image's command", { entrypoint: ["/bin/echo"] }, ["/bin/echo"], []],
    ["an entrypoint takes the list", { entrypoint: ["/bin/echo"], command: ["hi"] }, ["/bin/echo"], ["hi"]],
  ])("%s", (_case, spec, entrypoint, command) => {
    expect(bodyOf({ env, ...spec }, opinionatedImage)).toMatchObject({ Entrypoint: entrypoint, Cmd: command });
  });

  test.each<[string, Partial<WorkloadInput>, Partial<ResolvedImage["config"]>, string]>([
    ["no command anywhere", {}, { command: [] }, "names no command"],
    ["root in profile strict", { profile: "strict", user: "0:0" }, {}, "does not run as root"],
    ["more CPUs than there are", { limits: { cpus: 5 } }, {}, "has 4 CPUs"],
    ["more memory than there is", { limits: { memory: "9g" } }, {}, "less memory"],
  ])("%s is refused", (_case, spec, config, message) => {
    const image = { ...plainImage, config: { ...plainImage.config, ...config } };
    expect(() => bodyOf({ env, ...spec }, image)).toThrow(message);
  });

  test.each(["cpus", "memory", "pids"])("an engine that does not enforce limits on %s is refused", (limit) => {
    const { capabilities } = facts;
    const lax = { ...facts, capabilities: { ...capabilities, limits: { ...capabilities.limits, [limit]: false } } };
    expect(() => compile({ ...inputFor(defineWorkload({ env })), facts: lax })).toThrow(limit);
  });

  test("defaults fit an engine that is smaller than they are", () => {
    const small = { ...facts, capabilities: { ...facts.capabilities, cpus: 1, memoryBytes: 123_456_789 } };
    const { body } = compile({ ...inputFor(defineWorkload({ env })), facts: small });
    expect(body["HostConfig"]).toMatchObject({ NanoCpus: 1e9, Memory: 123_456_789, MemorySwap: 123_456_789 });
  });
});

describe("what the engine built", () => {
  const everything: WorkloadInput = {
    env: { image: "busybox" },
    command: ["serve"],
    mounts: [
      { type: "volume", name: "cache", target: "/cache" },
      { type: "tmpfs", target: "/scratch" },
      { type: "bind", source: "/in", target: "/in" },
    ],
    variables: { A: "1" },
    labels: { "user.team": "x" },
    network: "bridge",
    ports: ["8080:80"],
    lifecycle: "persistent",
    name: "web",
    healthCheck: { command: "true" },
    restart: { maxAttempts: 1 },
  };
  const compiled = compile(inputFor(defineWorkload(everything), opinionatedImage, false));

  test.each(table.map(({ inspected }) => inspected))("is refused when %s differs", (path) => {
    const body = withAnother(toFaithfulBody(compiled.body), path);
    expect(findDifferences(compiled, body).map(({ field }) => field)).toEqual([path]);
    expect(() => assertBuiltAsAsked(compiled, body, [])).toThrow(path);
  });

  test.each<[string, (body: any) => void]>([
    [
      "a bind mount shows another host path",
      (body) => (body.Mounts.find(({ Type }: any) => Type === "bind").Source = "/etc"),
    ],
    [
      "a volume is another one",
      (body) => (body.Mounts.find(({ Destination }: any) => Destination === "/cache").Name = "other"),
    ],
    ["a mount became writable", (body) => (body.Mounts.find(({ Type }: any) => Type === "bind").RW = true)],
    ["a port is published on every address", (body) => (body.HostConfig.PortBindings["80/tcp"][0].HostIp = "0.0.0.0")],
    ["a limit is gone", (body) => delete body.HostConfig.PidsLimit],
    ["a limit is zero", (body) => (body.HostConfig.Memory = 0)],
    ["a variable was added", (body) => body.Config.Env.push("LD_PRELOAD=/x")],
    ["a label of ours is missing", (body) => delete body.Config.Labels["cos.id"]],
    ["a label of ours was added", (body) => (body.Config.Labels["cos.owner"] = "me")],
    ["a capability was added", (body) => body.HostConfig.CapAdd.push("CAP_SYS_ADMIN")],
    ["a capability was kept", (body) => (body.HostConfig.CapDrop = ["CAP_SYS_ADMIN"])],
    ["another network was joined", (body) => (body.NetworkSettings.Networks.other = {})],
    ["nothing is masked", (body) => (body.HostConfig.MaskedPaths = [])],
  ])("is refused when %s", (_case, change) => {
    const body = toFaithfulBody(compiled.body);
    change(body);
    expect(findDifferences(compiled, body)).toHaveLength(1);
  });

  test("is compared with the values of secrets, which no difference repeats", () => {
    const spec = defineWorkload({ env: { image: "busybox" }, variables: { TOKEN: "secret://TOKEN" } });
    const secret = compile({ ...inputFor(spec), variables: { TOKEN: "hunter22" } });
    expect(secret.body["Env"]).toEqual(["TOKEN=hunter22"]);
    const body = toFaithfulBody(secret.body) as any;
    expect(findDifferences(secret, body)).toEqual([]);
    body.Config.Env = ["TOKEN=secret://TOKEN"];
    expect(findDifferences(secret, body)).toEqual([{ field: "Config.Env", expected: ["TOKEN"], actual: ["TOKEN"] }]);
  });

  test.each<[string, (body: any) => void]>([
    [
      "capabilities are spelled with their prefix",
      (body) => (body.HostConfig.CapAdd = body.HostConfig.CapAdd.map((name: string) => `CAP_${name}`)),
    ],
    ["variables come in another order", (body) => body.Config.Env.reverse()],
    [
      "an image's own labels and ports are there too",
      (body) => ((body.Config.Labels["maintainer"] = "x"), (body.Config.ExposedPorts["5432/tcp"] = {})),
    ],
    [
      "empty fields are null",
      (body) => (
        (body.HostConfig.Binds = null),
        (body.HostConfig.Devices = []),
        (body.HostConfig.OomKillDisable = null)
      ),
    ],
  ])("is accepted when %s", (_case, change) => {
    const body = toFaithfulBody(compiled.body);
    change(body);
    expect(findDifferences(compiled, body)).toEqual([]);
  });

  test("is refused with a warning, unless it is a harmless one", () => {
    const body: ContainerBody = toFaithfulBody(compiled.body);
    expect(() =>
      assertBuiltAsAsked(compiled, body, ["Your kernel does not support swap limit capabilities."]),
    ).not.toThrow();
    expect(() => assertBuiltAsAsked(compiled, body, ["Memory limited without swap.", "PIDs limit discarded."])).toThrow(
      /PIDs limit discarded/,
    );
  });
});
