import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";

const socket = (process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock").replace("unix://", "");
let installation: Installation;
let config: string;

beforeEach(() => {
  installation = makeInstallation();
  config = join(installation.home, "config", "cos", "cos.config.yaml");
  mkdirSync(join(installation.home, "config", "cos"), { recursive: true });
});
afterEach(() => installation.remove());

const configure = (text: string) => writeFileSync(config, text);
const two = () => configure(`engines:\n  local: {}\n  other: unix://${socket}\n`);
const job = ["run", "busybox", "--pull", "never", "--cmd", "echo hello"];

describe("with one engine", () => {
  test("no command takes --engine", async () => {
    const { code, stderr } = await installation.cos(["ps", "--engine", "local"]);
    expect(code).toBe(2);
    expect(stderr).toContain("unknown option");
    expect((await installation.cos(["run", "--help"])).stdout).not.toContain("--engine");
  });

  test("cos engine ls says which it is", async () => {
    const { stdout } = await installation.cos(["engine", "ls"]);
    expect(stdout).toMatch(/local \(default\)/);
  });
});

describe("with several", () => {
  test("--engine chooses, and the audit log says which it was", async () => {
    two();
    expect(await installation.cos([...job, "--engine", "other"])).toMatchObject({ code: 0, stdout: "hello\n" });
    expect(await installation.cos(job)).toMatchObject({ code: 0, stdout: "hello\n" });
    const engines = installation.auditEvents().filter(({ stage }) => stage === "succeeded");
    expect(engines.map(({ engine }) => engine)).toEqual(["other", "local"]);
  });

  test("a name that there is not is refused with those that there are", async () => {
    two();
    const { code, stderr } = await installation.cos(["ps", "--engine", "nowhere"]);
    expect(code).toBe(2);
    expect(stderr).toContain("local, other");
  });

  test("rules can tell them apart", async () => {
    two();
    installation.writePolicy("rules: [{ name: no-jobs-there, engine: other, decision: deny, reason: Not there. }]\n");
    expect((await installation.cos([...job, "--engine", "other"])).code).toBe(125);
    expect((await installation.cos(job)).code).toBe(0);
  });

  test("what is asked about says where it would happen", async () => {
    two();
    installation.writePolicy("rules: [{ name: ask, operation: container_run, decision: confirm, reason: Ask. }]\n");
    const { code, stderr } = await installation.cos([...job, "--engine", "other"]);
    expect(code).toBe(125);
    expect(stderr).toContain("On the engine other.");
  });

  test("cos engine check asks each, and fails when one does not answer", async () => {
    configure("engines:\n  local: {}\n  dead: unix:///no/such.sock\n");
    const { code, stdout } = await installation.cos(["engine", "check"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^local: version \S+, answered in [\d.]+ ms$/m);
    expect(stdout).toMatch(
      /^dead: .* Tried: host of dead \(unix:\/\/\/no\/such\.sock\): no such socket\n {2}hint: .*host of dead/m,
    );
    expect(await installation.cos(["engine", "check", "local"])).toMatchObject({ code: 0 });
    const json = await installation.cos(["engine", "check", "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      engines: [
        { name: "local", version: expect.any(String) },
        { name: "dead", problem: expect.any(String) },
      ],
    });
    expect((await installation.cos(["engine", "check", "nowhere"])).stderr).toContain("There is: local, dead");
  });

  test("what is wrong with an engine of a file is told in the file's words", async () => {
    configure('engines:\n  local: {}\n  prod: { host: "tcp://127.0.0.1:1", certPath: none }\n');
    const { stderr } = await installation.cos(["ps", "--engine", "prod"]);
    expect(stderr).toMatch(/^cos: certPath \(.*\/none\) has no ca\.pem.*\nhint: Set certPath /);
  });

  test("a project's file adds engines to those of the user", async () => {
    two();
    const project = join(installation.workDirectory, "cos.config.json");
    writeFileSync(project, JSON.stringify({ engines: { ci: `unix://${socket}` } }));
    const { stdout } = await installation.cos(["engine", "ls", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      engines: [{ name: "local", default: true }, { name: "other" }, { name: "ci", source: project, default: false }],
    });
  });
});

test("a file that is not right stops every command, and says where it is wrong", async () => {
  configure("engines: [local]\n");
  for (const words of [["ps"], ["run", "busybox"], ["engine", "ls"]]) {
    const { code, stderr } = await installation.cos(words);
    expect(code, words.join(" ")).not.toBe(0);
    expect(stderr).toMatch(/cos\.config\.yaml:1:\d+: /);
  }
});
