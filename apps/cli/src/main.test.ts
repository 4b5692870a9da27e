import { afterAll, beforeAll, describe, expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { countCallers } from "./testing/engine.ts";

let installation: Installation;
let engine: Awaited<ReturnType<typeof countCallers>>;

beforeAll(async () => {
  installation = makeInstallation();
  engine = await countCallers(installation.home);
});
afterAll(() => {
  engine.close();
  installation.remove();
});

const cos = (...args: string[]) => installation.cos(args, { env: { DOCKER_HOST: engine.address } });

describe("help", () => {
  test.each([[[]], [["--help"]], [["-h"]], [["help"]]])("cos %j shows the commands on stdout, for 0", async (args) => {
    const { code, stdout, stderr } = await cos(...args);
    expect([code, stderr]).toEqual([0, ""]);
    const operations = ["run", "ps", "logs", "stop", "restart", "rm", "reap", "network", "gc", "ping"];
    for (const command of [...operations, "approvals", "audit", "grants", "policy", "token", "doctor", "help"])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
  });

  test("cos run --help and cos help run show the same, in flags and not in fields", async () => {
    const { code, stdout } = await cos("run", "--help");
    expect(code).toBe(0);
    expect(await cos("help", "run")).toMatchObject({ code: 0, stdout });
    for (const flag of [
      "--cmd",
      "--stdin",
      "--env",
      "--mount",
      "--publish",
      "--network",
      "--cpus",
      "--memory",
      "--timeout <seconds>",
      "--profile",
      "--base",
      "--provision",
      "--build-context",
    ]) {
      expect(stdout).toContain(flag);
    }
    expect(stdout).toContain("Examples:");
    expect(stdout.match(/\b[a-z]+[A-Z]\w+/g)).toBeNull();
  });

  test.each([
    ["approvals", ["ls", "show", "approve", "deny", "watch"]],
    ["audit", ["tail", "query", "show", "verify"]],
    ["grants", ["add", "ls", "revoke"]],
    ["mcp", ["add", "ls", "remove"]],
    ["policy", ["explain", "show", "check", "test"]],
    ["token", ["create", "ls", "revoke"]],
    ["network", ["ls", "create", "rm"]],
  ])("cos %s --help shows its commands; to give none is a mistake", async (group, commands) => {
    const { code, stdout } = await cos(group, "--help");
    expect(code).toBe(0);
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
    expect(await cos("help", group)).toMatchObject({ code: 0, stdout });
    expect(await cos(group)).toMatchObject({ code: 2, stdout: "", stderr: stdout });
  });

  test("a word that is none of a few is told what there is", async () => {
    const wrong = /^cos: there is no client 'emacs'\. Allowed choices are claude-code, .*\nTry: cos mcp add --help\n$/;
    expect(await cos("mcp", "add", "emacs")).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(wrong),
    });
  });

  test("who names an engine where there is one is told where more come from", async () => {
    const { code, stderr } = await cos("ps", "--engine", "other");
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/'--engine'\. .*cos\.config/) });
  });

  const leaves = [
    "ps",
    "logs",
    "stop",
    "restart",
    "rm",
    "reap",
    "gc",
    "network ls",
    "network create",
    "network rm",
    "ping",
    "doctor",
    "approvals ls",
    "approvals show",
    "approvals approve",
    "approvals deny",
    "approvals watch",
    "audit tail",
    "audit query",
    "audit show",
    "audit verify",
    "grants add",
    "grants ls",
    "grants revoke",
    "mcp add",
    "mcp ls",
    "mcp remove",
    "policy explain",
    "policy show",
    "policy check",
    "policy test",
  ];
  test.each(leaves)("cos %s --help describes each of its flags", async (command) => {
    const { code, stdout } = await cos(...command.split(" "), "--help");
    expect(code).toBe(0);
    const flags = stdout.split("\n").filter((line) => /^ {2}-/.test(line));
    expect(flags.length).toBeGreaterThan(1);
    expect(flags.filter((line) => !/^ {2}\S.*? {2,}\S/.test(line))).toEqual([]);
  });

  test.each(["--version", "-V"])("cos %s is the version and nothing else", async (flag) => {
    expect(await cos(flag)).toMatchObject({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  test("none of it asks an engine", () => {
    expect(engine.callers()).toBe(0);
  });
});

describe("a mistake on the command line", () => {
  test.each([
    ["an unknown command", ["rnu"], 2, /unknown command 'rnu'\n\(Did you mean run\?\)\nTry: cos --help/],
    ["an unknown flag", ["ps", "--al"], 2, /unknown option '--al'\n\(Did you mean --all\?\)\nTry: cos ps --help/],
    ["an unknown flag of run", ["run", "--tiemout", "5", "busybox"], 125, /Did you mean --timeout\?/],
    [
      "a command without --",
      ["run", "busybox", "echo", "hi"],
      125,
      /Put the command after --, as in: cos run busybox -- echo hello/,
    ],
    ["words too many", ["ps", "all"], 2, /too many arguments/],
    ["words after -- where there are none", ["ping", "--", "x"], 2, /takes nothing after --/],
    ["two commands", ["run", "busybox", "-c", "a", "--", "b"], 125, /not both/],
    ["a flag without its value", ["run", "busybox", "--cmd"], 125, /argument missing/],
    ["no number where one belongs", ["run", "busybox", "--cpus", "two", "-c", "true"], 125, /expected a number/],
    [
      "no image",
      ["run", "-c", "true"],
      125,
      /^cos: give one source of the image: IMAGE, --base with --provision, or --build-context or --inline-dockerfile\n$/,
    ],
    ["a wrong size", ["run", "busybox", "-m", "1t", "-c", "true"], 125, /^cos: --memory: expected a size like "512m"/],
    ["a timeout of nothing", ["run", "busybox", "--timeout", "0", "-c", "true"], 125, /^cos: --timeout: /],
    [
      "a mount without a target",
      ["run", "busybox", "--mount", "type=volume,name=a", "-c", "true"],
      125,
      /^cos: --mount target: /,
    ],
    [
      "a mount with a key that there is not",
      ["run", "busybox", "--mount", "type=tmpfs,target=/t,mode=777", "-c", "true"],
      125,
      /^cos: --mount: .*"mode"/,
    ],
    [
      "a label of another's",
      ["run", "busybox", "-l", "team=a", "-c", "true"],
      125,
      /^cos: --label team: expected a name like "user\.team"/,
    ],
  ])("%s is said on stderr and nothing happens", async (_, args, expected, message) => {
    const { code, stdout, stderr } = await cos(...args);
    expect([code, stdout]).toEqual([expected, ""]);
    expect(stderr).toMatch(message);
    expect(engine.callers()).toBe(0);
  });

  test("is JSON with --json when it is in a value", async () => {
    const { code, stdout, stderr } = await cos("run", "busybox", "--json", "--memory", "0", "-c", "true");
    expect([code, stdout]).toEqual([125, ""]);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: "invalid_argument", details: { issues: [{ path: "memory" }] } },
    });
  });
});

describe("what cos does not give", () => {
  const job = ["run", "busybox", "-c", "id"];
  test.each<readonly [string, readonly string[]]>([
    ["the host's network", ["--network", "host"]],
    ["the engine's default network", ["--network", "default"]],
    ["no name for the network", ["--network", ""]],
    ["another container's network", ["--network", "container:other"]],
    ["a port without a network", ["--network", "none", "--publish", "8080:80"]],
    ["a port on every address", ["--publish", "0.0.0.0:80:80"]],
    ["a profile that there is not", ["--profile", "privileged"]],
    ["memory without limit", ["--memory", "0"]],
    ["processes without limit", ["--pids", "0"]],
    ["fewer than no processes", ["--pids", "-1"]],
    ["CPUs without limit", ["--cpus", "0"]],
    ["more CPUs than there are numbers", ["--cpus", "1e30"]],
    ["a user that is none", ["--user", "0 0"]],
    ["a volume that is a path", ["--mount", "type=volume,name=/etc,target=/mnt"]],
    ["a volume with a driver's options", ["--mount", "type=volume,name=a,target=/mnt,device=/etc"]],
    ["a mount over a system directory", ["--mount", "type=volume,name=a,target=/etc"]],
    ["a mount in /proc", ["--mount", "type=tmpfs,target=/proc/x"]],
    ["a mount that climbs", ["--mount", "type=tmpfs,target=/x/../etc"]],
    ["a tmpfs without end", ["--mount", "type=tmpfs,target=/t,size=0"]],
    ["a bind with propagation", ["--mount", "type=bind,source=.,target=/mnt,bind-propagation=rshared"]],
    ["a prototype as a mount", ["--mount", "__proto__=x,type=tmpfs,target=/t"]],
    ["an image that is a flag", ["--base=-v", "--provision", "true"]],
    ["a base with a line of its own", ["--base", "busybox\nUSER root", "--provision", "true"]],
    ["a label of cos", ["--label", "cos.owner=somebody"]],
    ["a name that climbs", ["--name", "../x"]],
    ["a name of two lines", ["--purpose", "a\nb"]],
    ["a working directory in /proc", ["--workdir", "/proc/self/fd/8"]],
    ["a Dockerfile outside its context", ["--build-context", ".", "--dockerfile", "../x"]],
    ["privileges", ["--privileged"]],
    ["capabilities", ["--cap-add", "ALL"]],
    ["devices", ["--device", "/dev/kmsg"]],
    ["the host's processes", ["--pid", "host"]],
    ["security options", ["--security-opt", "seccomp=unconfined"]],
    ["a volume in Docker's short form", ["-v", "/:/host"]],
  ])("is refused before an engine hears of it: %s", async (_, flags) => {
    const { code, stdout, stderr } = await cos(...job, ...flags);
    expect([code, stdout]).toEqual([125, ""]);
    expect(stderr).toMatch(/^cos: /);
    expect(engine.callers()).toBe(0);
  });

  test("was refused for that alone: the same job without it asks the engine", async () => {
    const before = engine.callers();
    expect((await cos(...job)).code).toBe(125);
    expect(engine.callers()).toBeGreaterThan(before);
  });
});

describe("without an engine", () => {
  const env = { DOCKER_HOST: "unix:///nonexistent/engine.sock" };

  test("every command says which way it tried, why it failed, and what to do", async () => {
    for (const [args, expected] of [
      [["ping"], 1],
      [["ps"], 1],
      [["reap"], 1],
      [["run", "busybox", "-c", "true"], 125],
    ] as const) {
      const { code, stdout, stderr } = await installation.cos(args, { env });
      expect([code, stdout]).toEqual([expected, ""]);
      expect(stderr).toMatch(
        /^cos: No container engine answers\. Tried:\n {2}DOCKER_HOST \(unix:\/\/\/nonexistent\/engine\.sock\): no such socket\nhint: /,
      );
    }
  });

  test("cos ping --json lists the ways as data", async () => {
    const { stderr } = await installation.cos(["ping", "--json"], { env });
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: "unavailable", details: { tried: [{ source: "DOCKER_HOST" }] } },
    });
  });

  test("cos doctor checks the rest and fails", async () => {
    const { code, stdout } = await installation.cos(["doctor"], { env });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ok {4}key: /m);
    expect(stdout).toMatch(/^FAIL {2}engine: No container engine answers\.[^]*fix: /m);
  });
});
