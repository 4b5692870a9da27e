import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { agent, openBench, person } from "./testing/bench.ts";
import { workloadFields } from "./workload-fields.ts";

/** A job that is fine. Each attack below adds or changes something. */
const job = { image: "busybox", command: "id" };
const mount = (more: object) => ({ mounts: [{ type: "volume", name: "data", target: "/data", ...more }] });
const bind = (source: string) => ({ mounts: [{ type: "bind", source, target: "/mnt" }] });

const attacks: readonly (readonly [attack: string, input: object])[] = [
  // The request's shape.
  ["a body for the engine beside the fields", { HostConfig: { Privileged: true } }],
  ["the engine's own spelling of a field", { Image: "busybox" }],
  ["a field of the nested form", { limits: { memory: "1g" } }],
  ["the lifecycle of a service", { lifecycle: "persistent", name: "x" }],
  ["an owner of the caller's choice", { owner: "somebody" }],
  ["a prototype as a field", JSON.parse('{"__proto__": {"privileged": true}}')],
  ["a prototype as a variable", { env: JSON.parse('{"__proto__": "x"}') }],
  ["a list where text belongs", { image: ["busybox"] }],
  ["an object as the command", { command: { shell: "id" } }],
  ["an object inside the command", { command: ["id", { a: 1 }] }],
  ["a number as the user", { user: 0 }],
  ["a number as the memory", { memory: 67_108_864 }],
  ["text as the CPUs", { cpus: "2" }],
  ["text as the entrypoint", { entrypoint: "sh" }],
  ["text as the mounts", { mounts: "/:/host" }],
  ["nothing as a variable", { env: { A: null } }],
  // Limits that mean "unlimited" to the engine.
  ...[0, -1, -0, Number.NaN, Infinity, 1e30, 2 ** 53 + 1, null].map((cpus) => [`${cpus} CPUs`, { cpus }] as const),
  ...[0, -1, 1.5, 2 ** 31, 2 ** 53 + 1, null].map((pids) => [`${pids} processes`, { pids }] as const),
  ...["0", "-1", "0m", "-1m", "5m", "99999999g", "1e9", "512M", "512 m", "", "1t"].map(
    (memory) => [`memory of ${JSON.stringify(memory)}`, { memory }] as const,
  ),
  ...[0, -1, 0.5, 1e12, null].map(
    (timeoutSeconds) => [`a timeout of ${timeoutSeconds} s`, { timeoutSeconds }] as const,
  ),
  ["no end to its life", { ttlSeconds: 0 }],
  // Host file system and volumes.
  ["a bind in the engine's own form", { Binds: ["/:/host"] }],
  ["a host path as a volume's name", mount({ name: "/etc" })],
  ["a volume's name that climbs", mount({ name: "../../etc" })],
  [
    "a volume with options of a driver",
    mount({ driver: "local", driverOpts: { type: "none", o: "bind", device: "/etc" } }),
  ],
  ["a volume in the engine's own form", mount({ VolumeOptions: { DriverConfig: { Name: "local" } } })],
  ["a part of a volume", mount({ subpath: "../.." })],
  ["another container's mounts", { volumesFrom: ["other"] }],
  ["a bind with propagation", { mounts: [{ type: "bind", source: ".", target: "/mnt", propagation: "rshared" }] }],
  ["a bind that relabels", { mounts: [{ type: "bind", source: ".", target: "/mnt", options: "z" }] }],
  ["a kind of mount that there is not", { mounts: [{ type: "npipe", source: "x", target: "/mnt" }] }],
  ["a host path with a NUL", bind("/tmp/a\0b")],
  ["a host path with a line break", bind("/tmp/a\nb")],
  ["an empty host path", bind("")],
  ["a tmpfs without an end", { mounts: [{ type: "tmpfs", target: "/t", size: "0" }] }],
  ["a tmpfs with options", { mounts: [{ type: "tmpfs", target: "/t", options: "exec,suid,dev" }] }],
  ["a tmpfs whose target carries options", { mounts: [{ type: "tmpfs", target: "/t,exec" }] }],
  ...[
    "/",
    "/etc",
    "/bin",
    "/usr",
    "/lib",
    "/proc",
    "/proc/sys",
    "/sys",
    "/dev",
    "/dev/shm",
    "/x/../etc",
    "//etc",
    "/etc/",
    "etc",
    "./x",
    "",
    "/a\0b",
    "/a\nb",
  ].map((target) => [`a mount at ${JSON.stringify(target)}`, mount({ target })] as const),
  [
    "two mounts at one place",
    {
      mounts: [
        { type: "tmpfs", target: "/t" },
        { type: "tmpfs", target: "/t" },
      ],
    },
  ],
  // Privileges and namespaces.
  ...Object.entries({
    privileged: true,
    capAdd: ["SYS_ADMIN"],
    capabilities: ["ALL"],
    devices: ["/dev/kmsg"],
    deviceCgroupRules: ["a *:* rwm"],
    deviceRequests: [{ count: -1 }],
    gpus: "all",
    securityOpt: ["seccomp=unconfined"],
    maskedPaths: [],
    readonlyPaths: [],
    pidMode: "host",
    ipcMode: "host",
    utsMode: "host",
    usernsMode: "host",
    cgroupnsMode: "host",
    cgroupParent: "/",
    sysctls: { "net.ipv4.ip_forward": "1" },
    runtime: "other",
    storageOpt: { size: "1t" },
    groupAdd: ["docker"],
    oomKillDisable: true,
    oomScoreAdj: -1000,
    ulimits: [{ name: "core", soft: -1 }],
    shmSize: "64g",
    logDriver: "syslog",
    logConfig: { type: "gelf" },
    restart: { maxAttempts: 5 },
    restartPolicy: "always",
    healthCheck: { command: "true" },
    stopSignal: "SIGSTOP",
    stopTimeout: -1,
    autoRemove: false,
    tty: true,
  }).map(([field, value]) => [`the field ${field}`, { [field]: value }] as const),
  ["a profile that there is not", { profile: "privileged" }],
  ...["root:docker:x", "-1", "0 0", "", "a b", "root\n", "$(id)", "1000:", ":0", "\u0660"].map(
    (user) => [`the user ${JSON.stringify(user)}`, { user }] as const,
  ),
  // Networks.
  ...[
    "host",
    "default",
    "",
    "container",
    "container:abc",
    "container:cos-web",
    "ns:/proc/1/ns/net",
    "HOST",
    " host",
    "host ",
    "bridge,host",
    "../host",
  ].map((network) => [`the network ${JSON.stringify(network)}`, { network }] as const),
  ["nothing as the network", { network: null }],
  ["a second description of the network", { network: "none", networkingConfig: { EndpointsConfig: { bridge: {} } } }],
  ["several networks", { network: ["none", "bridge"] }],
  ["ports without a network", { network: "none", publish: ["8080:80"] }],
  ...[
    "80",
    "0.0.0.0:80:80",
    "127.0.0.1:80:80",
    ":::80:80",
    "80:80/sctp",
    "80:70000",
    "-1:80",
    "80:0",
    "80-90:80-90",
    " 80:80",
    "80:80\n",
    "\u0668080:80",
  ].map((port) => [`the port ${JSON.stringify(port)}`, { publish: [port] }] as const),
  ["every port", { publishAll: true }],
  ...["extraHosts", "dns", "dnsSearch", "hostname", "domainname", "macAddress", "links", "aliases"].map(
    (field) => [`the field ${field}`, { [field]: "x" }] as const,
  ),
  // Images, names and labels.
  ...[
    "",
    "-v",
    "--privileged",
    "a b",
    "BusyBox",
    "../x",
    "x/../y",
    "busybox:la test",
    "http://x/y",
    "a\nb",
    "busybox@sha256:00",
    "\u0432usybox",
    "a".repeat(600),
  ].map((image) => [`the image ${JSON.stringify(image.slice(0, 30))}`, { image }] as const),
  ["a base with a line of its own", { image: undefined, base: "busybox\nUSER root", provision: ["true"] }],
  ["a remote build context in the engine's form", { remote: "http://example.com/x.git" }],
  ["a Dockerfile outside its context", { image: undefined, buildContext: ".", dockerfile: "../../etc/passwd" }],
  ["an absolute Dockerfile", { image: undefined, buildContext: ".", dockerfile: "/etc/passwd" }],
  ["a label of cos", { labels: { "cos.owner": "somebody" } }],
  ["a label of Docker's", { labels: { "com.docker.compose.project": "x" } }],
  ["a label with a line break", { labels: { "user.a": "x\ny" } }],
  ["a name that climbs", { name: "../x" }],
  ["a name with a slash", { name: "a/b" }],
  ["a name with a line break", { name: "a\nb" }],
  ["a purpose that moves the cursor", { purpose: "\u001b[2Jhello" }],
  ["a variable's name with =", { env: { "A=B": "x" } }],
  ["an empty variable's name", { env: { "": "x" } }],
  ["a variable with a NUL", { env: { A: "x\0y" } }],
  ["a command with a NUL", { command: "id\0" }],
  ["an argument with a NUL", { command: ["id", "\0"] }],
  ["no words as the command", { command: [] }],
  ["a working directory in /proc", { workingDir: "/proc/self/fd/8" }],
  ["a working directory that climbs", { workingDir: "/srv/../proc" }],
  ["a relative working directory", { workingDir: "srv" }],
  ["input that is not base64", { stdin: "\u00ff", stdinEncoding: "base64" }],
  ["an encoding that there is not", { stdin: "x", stdinEncoding: "hex" }],
  [
    "more mounts than a job may have",
    { mounts: Array.from({ length: 33 }, (_, i) => ({ type: "tmpfs", target: `/t${i}` })) },
  ],
];

describe("a job that asks for what cos does not give", () => {
  test.each(attacks)("is refused before anything reaches the engine: %s", async (_, attack) => {
    for (const caller of [person, agent]) {
      const bench = openBench();
      await expect(bench.perform("container_run", { ...job, ...attack }, { caller })).rejects.toMatchObject({
        code: "invalid_argument",
      });
      expect(bench.engineCalls).toEqual([]);
      expect(bench.events).toEqual([
        expect.objectContaining({ stage: "denied", operation: "container_run", rule: "invalid-call" }),
      ]);
    }
  });

  test("was refused for the attack alone: without it the job runs", async () => {
    const bench = openBench({ images: { busybox: async () => 0 } });
    await expect(bench.perform("container_run", job)).resolves.toMatchObject({ status: "done" });
    expect(bench.engineCalls).toContain("jobs.run");
  });

  const full = {
    ...job,
    env: { A: "1" },
    mounts: [
      { type: "volume", name: "data", target: "/data" },
      { type: "tmpfs", target: "/t" },
      { type: "bind", source: ".", target: "/b" },
    ],
    publish: ["8080:80"],
    labels: { "user.a": "b" },
  };

  test("is refused for one field too many, whatever its name and value, at every level", async () => {
    const known = new Set(["type", "name", "target", "readOnly", "size", "source"]);
    const key = fc
      .oneof(fc.string({ minLength: 1 }), fc.constantFrom("HostConfig", "Privileged", "constructor", "toString"))
      .filter((name) => !known.has(name) && !(name in full));
    const levels = fc.constantFrom<(extra: object) => object>(
      (extra) => ({ ...full, ...extra }),
      ...full.mounts.map((one, index) => (extra: object) => ({
        ...full,
        mounts: full.mounts.with(index, Object.assign(Object.create(null), one, extra)),
      })),
    );
    const fields = new Set(Object.keys(workloadFields().shape));
    await fc.assert(
      fc.asyncProperty(levels, key, fc.jsonValue(), async (put, name, value) => {
        fc.pre(!fields.has(name));
        const bench = openBench();
        const extra = Object.fromEntries([[name, value]]);
        await expect(bench.perform("container_run", put(extra))).rejects.toMatchObject({ code: "invalid_argument" });
        expect(bench.engineCalls).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test("is refused whatever a field is when it is of a type that the field never has", async () => {
    const bench = openBench();
    for (const field of Object.keys(workloadFields().shape)) {
      for (const wrong of [true, null, () => "x", Symbol("x"), 10n, new Date(0), new Map([["a", "b"]])]) {
        await expect(
          bench.perform("container_run", { ...job, [field]: wrong }),
          `${field} = ${String(wrong)}`,
        ).rejects.toMatchObject({ code: "invalid_argument" });
      }
    }
    expect(bench.engineCalls).toEqual([]);
  });

  test("has its error in one line that repeats no control characters", async () => {
    const nasty = "\u001b[2J\u202e\n\r\u0085\u2028x";
    for (const attack of [
      { [nasty]: 1 },
      { env: { [`${nasty}=`]: "x" } },
      { labels: { [nasty]: "x" } },
      { image: nasty },
      { network: nasty },
      { mounts: [{ type: nasty }] },
    ]) {
      const error: unknown = await openBench()
        .perform("container_run", { ...job, ...attack })
        .catch((thrown: unknown) => thrown);
      expect((error as Error).message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }
  });
});
