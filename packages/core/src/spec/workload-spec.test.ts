import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../canonical.ts";
import { CosError } from "../errors.ts";
import { defineWorkload, maxStdinBytes, type WorkloadInput } from "./workload-spec.ts";

/** Any character at all, lone surrogates included. */
const character = fc.oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0x10ffff })).map((code) => String.fromCodePoint(code));

const env = { image: "busybox" };
const service = { env, lifecycle: "persistent", name: "web" } as const;

/** Between them these name every field that a workload can have. */
const samples: readonly WorkloadInput[] = [
  {
    env,
    command: ["sh", "-c", "true"],
    entrypoint: ["/bin/env"],
    stdin: "aGVsbG8=",
    stdinEncoding: "base64",
    mounts: [
      { type: "volume", name: "data", target: "/data", readOnly: true },
      { type: "tmpfs", target: "/scratch", size: "1m" },
      { type: "bind", source: ".", target: "/src", readOnly: false },
    ],
    variables: { A: "1" },
    labels: { "user.team": "red" },
    limits: { cpus: 0.5, memory: "64m", pids: 16, tmpfs: "1m", log: "1m" },
    network: "backend",
    user: "1000:1000",
    workingDir: "/src",
    ports: ["8080:80"],
    profile: "strict",
    lifecycle: "ephemeral",
    name: "job",
    project: "demo",
    purpose: "tries something",
    ttlSeconds: 60,
    timeoutSeconds: 10,
    pull: "never",
  },
  {
    ...service,
    env: { build: { context: ".", dockerfile: "Dockerfile", target: "run", arguments: { V: "1" } } },
    command: "nginx -g 'daemon off;'",
    healthCheck: { command: ["true"], intervalSeconds: 5, timeoutSeconds: 1, retries: 1, startPeriodSeconds: 1 },
    restart: { maxAttempts: 1 },
  },
  { env: { build: { context: ".", inline: "FROM busybox" } } },
  { env: { base: "busybox", provision: ["true"] } },
];

/** Objects whose member names are the caller's own. */
const isRecord = (path: Path) => ["variables", "labels", "arguments"].includes(String(path.at(-1)));

type Path = readonly (string | number)[];

/** The path of every value in `value`, its own included. */
function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...entries.flatMap(([key, member]) => pathsIn(member, [...path, key]))];
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown>)[key], value);
}

/** A copy of `value` with `replacement` at `path`. */
function replaced(value: unknown, path: Path, replacement: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return replacement;
  const copy: unknown = Array.isArray(value) ? [...value] : { ...(value as object) };
  const inner = replaced(at(value, [key]), rest, replacement);
  Object.defineProperty(copy, key, { value: inner, enumerable: true, configurable: true, writable: true });
  return copy;
}

function kindOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

function refusal(input: unknown): CosError {
  try {
    defineWorkload(input as WorkloadInput);
  } catch (error) {
    if (CosError.is(error)) return error;
    throw error;
  }
  throw new Error(`it was accepted: ${JSON.stringify(input)}`);
}

describe("a workload's shape", () => {
  test.each(samples.map((sample, index) => [index, sample] as const))(
    "sample %i is accepted as it is written",
    (_index, sample) => {
      expect(defineWorkload(sample)).toMatchObject(sample);
    },
  );

  test("an extra key in any object is refused", () => {
    const objects = samples.flatMap((sample) =>
      pathsIn(sample)
        .filter((path) => kindOf(at(sample, path)) === "object" && !isRecord(path))
        .map((path) => [sample, path] as const),
    );
    const knownNames = new Set(samples.flatMap((sample) => pathsIn(sample).map((path) => path.at(-1))));
    const key = fc.oneof(
      fc.string({ unit: character }),
      fc.constantFrom(
        "__proto__",
        "constructor",
        "prototype",
        "toString",
        "hasOwnProperty",
        "HostConfig",
        "Privileged",
        "privileged",
        "owner",
        "Command",
        "ENV",
        "",
      ),
    );
    fc.assert(
      fc.property(fc.constantFrom(...objects), key, fc.jsonValue(), ([sample, path], extra, value) => {
        fc.pre(!knownNames.has(extra));
        expect(refusal(replaced(sample, [...path, extra], value)).code).toBe("invalid_argument");
      }),
      { numRuns: 400 },
    );
  });

  test("a value of the wrong type anywhere is refused", () => {
    const places = samples.flatMap((sample) => pathsIn(sample).map((path) => [sample, path] as const));
    const wrong = [null, 0, 1n, true, "", "text", [], ["text"], [null], {}, { 0: "a" }, Symbol("s"), () => "text"];
    for (const [sample, path] of places) {
      const accepted = new Set([kindOf(at(sample, path)), ...(path.at(-1) === "command" ? ["string", "array"] : [])]);
      for (const value of wrong.filter((candidate) => !accepted.has(kindOf(candidate)))) {
        const input = replaced(sample, path, value);
        expect(() => refusal(input), `${path.join(".")} as ${kindOf(value)}`).not.toThrow();
        expect(refusal(input).code).toBe("invalid_argument");
      }
    }
  });

  test.each(["__proto__", "constructor", "prototype"])("a member named %s pollutes nothing", (key) => {
    for (const place of ["", "env", "limits", "variables", "labels"]) {
      const inner = `"${key}":{"polluted":true,"privileged":true}`;
      const text =
        place === ""
          ? `{"env":{"image":"busybox"},${inner}}`
          : `{"env":{"image":"busybox"${place === "env" ? `,${inner}` : ""}}${place === "env" ? "" : `,"${place}":{${inner}}`}}`;
      expect(refusal(JSON.parse(text)).code).toBe("invalid_argument");
      expect({}).not.toHaveProperty("polluted");
    }
  });

  test("a variable may be named like an object's own machinery", () => {
    const { variables } = defineWorkload({ env, variables: { constructor: "a", toString: "b", hasOwnProperty: "c" } });
    expect(Object.entries(variables)).toEqual([
      ["constructor", "a"],
      ["toString", "b"],
      ["hasOwnProperty", "c"],
    ]);
  });
});

describe("numbers", () => {
  const bounds = [
    [["limits", "cpus"], 0.01, 1024, env],
    [["limits", "pids"], 1, 65_536, env],
    [["ttlSeconds"], 1, 31_536_000, env],
    [["timeoutSeconds"], 1, 2_592_000, env],
    [["healthCheck", "intervalSeconds"], 5, 3600, env],
    [["healthCheck", "timeoutSeconds"], 1, 3600, env],
    [["healthCheck", "retries"], 1, 100, env],
    [["healthCheck", "startPeriodSeconds"], 0, 3600, env],
    [["restart", "maxAttempts"], 1, 5, env],
  ] as const;

  describe.each(bounds)("%j", (path, min, max) => {
    const [first] = path;
    const base: WorkloadInput = {
      ...(first === "healthCheck" || first === "restart" ? service : { env }),
      ...(first === "healthCheck" ? { healthCheck: { command: "true" } } : {}),
      ...(first === "limits" ? { limits: {} } : {}),
      ...(first === "restart" ? { restart: { maxAttempts: 1 } } : {}),
    };
    const put = (value: unknown) => replaced(base, path, value);

    test.each([min, max])("may be %d", (value) => {
      expect(at(defineWorkload(put(value) as WorkloadInput), path)).toBe(value);
    });

    test.each([
      -1,
      min - 1,
      max + 1,
      Number.NaN,
      Infinity,
      -Infinity,
      2 ** 31,
      2 ** 53,
      2 ** 53 + 2,
      1e30,
      -1e30,
      Number.MIN_VALUE,
      `${min}`,
      [min],
      null,
      BigInt(max),
    ])("is not %o", (value) => expect(refusal(put(value)).code).toBe("invalid_argument"));

    test("is never unlimited: zero and minus zero are refused, or mean zero", () => {
      for (const zero of [0, -0]) {
        if (min > 0) expect(refusal(put(zero)).code).toBe("invalid_argument");
        else expect(canonicalJson(at(defineWorkload(put(zero) as WorkloadInput), path))).toBe("0");
      }
    });

    test("whatever number is offered, what is accepted lies within its bounds", () => {
      fc.assert(
        fc.property(fc.double(), (value) => {
          let accepted: unknown = min;
          try {
            accepted = at(defineWorkload(put(value) as WorkloadInput), path);
          } catch (error) {
            expect(error).toMatchObject({ code: "invalid_argument" });
          }
          expect(accepted).toBeGreaterThanOrEqual(min);
          expect(accepted).toBeLessThanOrEqual(max);
        }),
      );
    });
  });

  test.each([["limits", "pids"], ["ttlSeconds"], ["timeoutSeconds"]].map((path) => [path]))(
    "%j is a whole number",
    (path) => {
      expect(refusal(replaced({ env, limits: {} }, path, 1.5)).code).toBe("invalid_argument");
    },
  );

  test.each([
    ["memory", ["6m", "4096g"], ["5m", "6291455", "4097g", "0", "-1", "1e30", "64"]],
    ["tmpfs", ["4k", "64g"], ["4095", "65g", "0"]],
    ["log", ["64k", "4g"], ["63k", "5g", "0"]],
  ] as const)("the limit %s is bounded on both sides", (limit, inside, outside) => {
    for (const size of inside)
      expect(defineWorkload({ env, limits: { [limit]: size } }).limits).toMatchObject({ [limit]: size });
    for (const size of outside) expect(refusal({ env, limits: { [limit]: size } }).code).toBe("invalid_argument");
  });
});

describe("what is left out", () => {
  const common = {
    stdinEncoding: "utf8",
    files: [],
    artifacts: [],
    mounts: [],
    variables: {},
    labels: {},
    ports: [],
    pull: "missing",
  };
  const limits = { pids: 512, tmpfs: "64m", log: "32m" };

  test("a job runs once, in the sandbox, without a network", () => {
    expect(defineWorkload({ env })).toEqual({
      env,
      ...common,
      limits,
      lifecycle: "ephemeral",
      profile: "sandbox",
      network: "none",
    });
  });

  test("a service runs in its own profile, on the bridge", () => {
    expect(defineWorkload(service)).toEqual({ ...service, ...common, limits, profile: "service", network: "bridge" });
  });

  test("publishing a port implies the bridge", () => {
    expect(defineWorkload({ env, ports: ["8080:80"] })).toMatchObject({ network: "bridge", profile: "sandbox" });
    expect(defineWorkload({ env, ports: ["8080:80"], network: "backend" }).network).toBe("backend");
  });

  test("a profile and a network that are asked for are kept", () => {
    expect(defineWorkload({ ...service, profile: "strict", network: "none" })).toMatchObject({
      profile: "strict",
      network: "none",
    });
    expect(defineWorkload({ env, profile: "service", network: "bridge" })).toMatchObject({
      profile: "service",
      network: "bridge",
    });
  });

  test("a health check has bounded times", () => {
    expect(defineWorkload({ ...service, healthCheck: { command: "true" } }).healthCheck).toEqual({
      command: "true",
      intervalSeconds: 30,
      timeoutSeconds: 10,
      retries: 3,
      startPeriodSeconds: 0,
    });
  });

  test("undefined is the same as leaving out", () => {
    const open = {
      ttlSeconds: undefined,
      limits: undefined,
      mounts: undefined,
      network: undefined,
    } as unknown as Partial<WorkloadInput>;
    expect(canonicalJson(defineWorkload({ env, ...open }))).toBe(canonicalJson(defineWorkload({ env })));
  });

  test("defining again changes nothing", () => {
    for (const sample of samples) {
      const spec = defineWorkload(sample);
      expect(defineWorkload(spec)).toEqual(spec);
    }
  });

  test("the input is not changed", () => {
    for (const sample of samples) {
      const before = structuredClone(sample);
      defineWorkload(sample);
      expect(sample).toEqual(before);
    }
  });
});

/** A file of that many bytes. */
function fileAt(path: string, bytes = 1) {
  return { path, content: "x".repeat(bytes) };
}

describe("files", () => {
  test.each(["a", "/", "/a/", "/../a", "/proc/x", "/a\nb", "/etc/hosts", "/etc/resolv.conf"])(
    "are not at %j",
    (path) => {
      expect(() => defineWorkload({ env, files: [fileAt(path)] })).toThrow(/path/);
    },
  );

  test.each(["888", "4755", "0", "rwx", "64"])("do not have the mode %j", (mode) => {
    expect(() => defineWorkload({ env, files: [{ ...fileAt("/a"), mode }] })).toThrow(/octal/);
  });

  test("may lie in a volume of a job with a read-only root, whatever it is mounted on", () => {
    const spec = {
      env,
      profile: "strict" as const,
      files: [fileAt("/tmp/x/a")],
      artifacts: ["/tmp/x"],
      mounts: [{ type: "volume" as const, name: "v", target: "/tmp/x" }],
    };
    expect(defineWorkload(spec)).toMatchObject({ files: [{ path: "/tmp/x/a", encoding: "utf8", mode: "644" }] });
  });

  test("refer to a secret wholly or not at all", () => {
    const withContent = (content: string) => defineWorkload({ env, files: [{ path: "/a", content }] });
    expect(withContent("secret://TOKEN").files[0]?.content).toBe("secret://TOKEN");
    expect(() => withContent("secret://TOKEN and more")).toThrow(/secret/);
  });
});

describe("contradictions", () => {
  test.each<[string, WorkloadInput]>([
    ["Ports cannot be published on network none", { env, ports: ["8080:80"], network: "none" }],
    ["A command line replaces the entrypoint", { env, command: "true", entrypoint: ["/bin/env"] }],
    ["A service needs a name", { env, lifecycle: "persistent" }],
    ["A service has no timeout", { ...service, timeoutSeconds: 10 }],
    ["A service has no standard input", { ...service, stdin: "" }],
    ["A job is not restarted", { env, restart: { maxAttempts: 1 } }],
    ["A job has no health check", { env, healthCheck: { command: "true" } }],
    ["A service has neither files nor artifacts", { ...service, files: [fileAt("/a")] }],
    ["A service has neither files nor artifacts", { ...service, artifacts: ["/a"] }],
    ["A file is not base64", { env, files: [{ ...fileAt("/a"), content: "no base64!", encoding: "base64" }] }],
    ["larger than 1 MiB together", { env, files: [fileAt("/a", 2 ** 20), fileAt("/b", 1)] }],
    ["Two files have the same path", { env, files: [fileAt("/a"), fileAt("/a")] }],
    ["one lies inside another", { env, files: [fileAt("/a/b"), fileAt("/a")] }],
    ["/t/a lies in a tmpfs", { env, files: [fileAt("/t/a")], mounts: [{ type: "tmpfs", target: "/t" }] }],
    ["/t lies in a tmpfs", { env, artifacts: ["/t"], mounts: [{ type: "tmpfs", target: "/t" }] }],
    ["/tmp/a lies in a tmpfs", { env, artifacts: ["/tmp/a"], profile: "strict" }],
    ["read-only root", { env, files: [fileAt("/a")], profile: "strict" }],
    [
      "a directory of the host",
      { env, files: [fileAt("/b/a")], mounts: [{ type: "bind", source: "/x", target: "/b" }] },
    ],
    [
      "mounted read-only",
      { env, files: [fileAt("/v/a")], mounts: [{ type: "volume", name: "v", target: "/v", readOnly: true }] },
    ],
    ["stdin is not base64", { env, stdin: "not base64", stdinEncoding: "base64" }],
    ["A host port is published twice", { env, ports: ["8080:80", "8080:81"] }],
    ["A host port is published twice", { env, ports: ["8080:80", "08080:81/tcp"] }],
    [
      "Two mounts have the same target",
      {
        env,
        mounts: [
          { type: "tmpfs", target: "/a" },
          { type: "tmpfs", target: "/a" },
        ],
      },
    ],
    [
      "one lies inside another",
      {
        env,
        mounts: [
          { type: "tmpfs", target: "/a/b" },
          { type: "volume", name: "v", target: "/a" },
        ],
      },
    ],
  ])("%s: refused with a hint", (message, input) => {
    expect(refusal(input)).toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining(message),
      hint: expect.any(String),
    });
  });

  test.each<[string, WorkloadInput]>([
    ["the same host port for tcp and udp", { env, ports: ["53:53/tcp", "53:53/udp"] }],
    ["several host ports that the engine chooses", { env, ports: ["0:80", "0:81"] }],
    ["one container port on two host ports", { env, ports: ["8080:80", "8081:80"] }],
    [
      "mount targets that begin alike",
      {
        env,
        mounts: [
          { type: "tmpfs", target: "/a" },
          { type: "tmpfs", target: "/ab" },
        ],
      },
    ],
    ["a list of arguments to an entrypoint", { env, command: ["A=1"], entrypoint: ["/bin/env"] }],
  ])("%s: accepted", (_what, input) => expect(defineWorkload(input)).toMatchObject(input));
});

describe("standard input", () => {
  test.each(["", "aA==", "aGVsbG8=", "aGVsbG8h", "+/+/"])("%j is base64", (stdin) => {
    expect(defineWorkload({ env, stdin, stdinEncoding: "base64" }).stdin).toBe(stdin);
  });

  test.each(["a", "aA", "aA=", "aGVsbG8=\n", "aGVs bG8=", "-_-_", "=", "====", "aA==aA=="])(
    "%j is not base64",
    (stdin) => {
      expect(refusal({ env, stdin, stdinEncoding: "base64" }).code).toBe("invalid_argument");
    },
  );

  test("is at most 16 MiB after decoding, counted in bytes", () => {
    const full = Buffer.alloc(maxStdinBytes).toString("base64");
    expect(defineWorkload({ env, stdin: full, stdinEncoding: "base64" }).stdin).toBe(full);
    const over = Buffer.alloc(maxStdinBytes + 1).toString("base64");
    expect(refusal({ env, stdin: over, stdinEncoding: "base64" }).code).toBe("invalid_argument");
    const wide = "ü".repeat(maxStdinBytes / 2);
    expect(defineWorkload({ env, stdin: wide }).stdin).toBe(wide);
    expect(refusal({ env, stdin: `${wide}x` }).code).toBe("invalid_argument");
  });
});
