import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Answer, connectStdio, type StdioClient } from "@cos/mcp-server/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Installation, makeInstallation, type StartOptions } from "../testing/cos.ts";
import { listByLabel, removeByLabel } from "../testing/engine.ts";

const mark = `gov-secrets-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
/** Nothing else holds this text, so wherever it is found, the secret has got out. */
const canary = `canary "${randomBytes(12).toString("hex")}" $/+`;
const env = { APP_TOKEN: canary };
let installation: Installation;
let agent: StdioClient;
/** Everything that cos has said so far. */
const said: string[] = [];

beforeAll(async () => {
  installation = makeInstallation();
  const config = join(installation.home, "config", "cos");
  mkdirSync(config, { recursive: true });
  writeFileSync(join(config, "secrets.yaml"), "TOKEN: {env: APP_TOKEN}\nGONE: {env: NOT_SET}\n");
  installation.writePolicy(`
rules:
  - name: a-person-decides
    operation: container_run
    callerKind: stdio
    callerName: watched
    decision: approve
    reason: A person decides here.
`);
  agent = await connectStdio({ env: { ...installation.env, ...env } });
});
afterAll(async () => {
  await agent.close();
  await removeByLabel(label);
  installation.remove();
});

async function cos(...args: string[]) {
  const options: StartOptions = { env };
  const ended = await installation.cos(args, options);
  said.push(ended.stdout, ended.stderr);
  return ended;
}

async function call(name: string, input: Record<string, unknown>, client = agent): Promise<Answer> {
  const answer = await client.call(name, input);
  said.push(answer.text, JSON.stringify(answer.envelope));
  return answer;
}

const run = (command: string, ...more: string[]) =>
  cos("run", "--pull", "never", "--label", label, "--env", "TOKEN=secret://TOKEN", ...more, "busybox", "-c", command);
const job = (command: string) => ({
  image: "busybox",
  command,
  pull: "never",
  labels: { "user.test": mark },
  env: { TOKEN: "secret://TOKEN" },
});

/** Every file below a directory. */
function readAll(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [readFileSync(join(entry.parentPath, entry.name), "utf8")] : [],
  );
}

function expectNoCanary(): void {
  const artefacts = [...said, agent.stderr(), ...readAll(installation.home)];
  for (const form of [canary, JSON.stringify(canary).slice(1, -1), Buffer.from(canary).toString("base64")]) {
    for (const artefact of artefacts) expect(artefact).not.toContain(form);
  }
}

describe("a secret reaches the container and nothing else", () => {
  test.each([
    ["succeeds", 'echo "$TOKEN"; echo "${#TOKEN}"', [], 0],
    ["fails", 'echo "$TOKEN" >&2; exit 7', [], 7],
    ["writes it byte by byte", 'echo "$TOKEN" | sed "s/./&\\n/g" | while read -r c; do printf %s "$c"; done', [], 0],
    ["encodes it", 'printf %s "$TOKEN" | base64', [], 0],
    ["is killed at its timeout", 'echo "$TOKEN"; sleep 60', ["--timeout", "2"], 124],
  ])("of a job that %s", async (_how, command, flags, code) => {
    const plain = await run(command, ...flags);
    const json = await run(command, ...flags, "--json");
    expect(plain.code).toBe(code);
    expect(json.code).toBe(code);
    expectNoCanary();
  });

  test("of a job whose command cannot be started", async () => {
    const given = ["--pull", "never", "--env", "TOKEN=secret://TOKEN", "busybox", "--", "/none"];
    for (const json of [[], ["--json"]]) expect((await cos("run", ...json, ...given)).code).toBe(127);
    expectNoCanary();
  });

  test("whose output has its name instead", async () => {
    expect((await run('echo "<$TOKEN>"; echo "${#TOKEN}"')).stdout).toBe(`<[secret TOKEN]>\n${canary.length}\n`);
  });

  test("of a job that an agent confirms", async () => {
    const input = { ...job('echo "$TOKEN"; echo "$TOKEN" > /left'), artifacts: ["/left"] };
    const first = await call("container_run", input);
    expect(first.envelope).toMatchObject({ status: "confirm", preview: { changes: { secrets: ["TOKEN"] } } });
    expect(first.text).toContain("it uses the secret TOKEN");
    const confirmToken = first.envelope["confirmToken"];
    const second = await call("container_run", { ...input, confirmToken });
    expect(second.envelope).toMatchObject({
      status: "done",
      result: { stdout: "[secret TOKEN]\n", artifacts: [{ path: "/left", content: "[secret TOKEN]\n" }] },
    });
    expectNoCanary();
  });

  test("of a job that a person approves", async () => {
    await using watched = await connectStdio({ env: { ...installation.env, ...env }, args: ["--as", "watched"] });
    const { envelope } = await call("container_run", job('echo "$TOKEN"'), watched);
    const reference = String(envelope["reference"]);
    for (const words of [["ls"], ["ls", "--json"], ["show", reference], ["show", reference, "--json"]]) {
      expect((await cos("approvals", ...words)).code).toBe(0);
    }
    said.push(watched.stderr());
    expectNoCanary();
  });

  test("of a job that is refused", async () => {
    expect((await run('echo "$TOKEN"', "--read-only")).code).toBe(125);
    const unknown = await cos("run", "--pull", "never", "--env", "A=secret://NONE", "busybox", "-c", "true");
    expect(unknown).toMatchObject({ code: 125, stderr: expect.stringContaining("secrets.yaml") });
    const gone = await cos("run", "--pull", "never", "--env", "A=secret://GONE", "busybox", "-c", "true");
    expect(gone).toMatchObject({ code: 125, stderr: expect.stringContaining("cos secrets check") });
    expectNoCanary();
  });

  test("of a job that is left to itself, while somebody looks at it in every way", async () => {
    const name = mark.replace("gov-secrets", "left");
    const started = await run('echo "$TOKEN"; echo "$TOKEN" > /kept; sleep 60', "--detach", "--name", name);
    expect(started.code).toBe(0);
    const container = `cos-${name}`;
    await cos("wait", container, "--until", "log", "--pattern", "secret TOKEN", "--timeout", "20");
    for (const json of [[], ["--json"]]) {
      await cos("ps", ...json);
      await cos("stats", container, ...json);
      const inspected = await cos("inspect", container, ...json);
      expect(inspected.stdout).toContain("secret://TOKEN");
      const logs = await cos("logs", container, ...json);
      expect(logs.stdout).toContain("[secret TOKEN]");
      await cos("doctor", ...json);
      await cos("secrets", "ls", ...json);
      await cos("secrets", "check", ...json);
    }
    await call("container_list", { all: true });
    said.push(...(await listByLabel(label)).map(({ Labels }) => JSON.stringify(Labels)));
    expect((await listByLabel(label)).length).toBeGreaterThan(0);
    await cos("stop", "--grace", "0", container);
    await cos("rm", "--yes", container);
    expectNoCanary();
  });

  test("of a service, and of commands in it", async () => {
    const name = mark.replace("gov-secrets", "service");
    const given = ["--pull", "never", "--label", label, "--env", "TOKEN=secret://TOKEN", name, "busybox"];
    const writes = ["--cmd", 'echo "$TOKEN"; sleep 600'];
    for (const json of [[], ["--json"]]) {
      const ensure = (...more: string[]) => cos("ensure", ...json, ...more, ...given);
      expect((await ensure(...writes)).code).toBe(0);
      expect((await ensure(...writes, "--purpose", "another")).code).toBe(3);
      const inherits = await cos("exec", ...json, `cos-${name}`, "--cmd", 'echo "$TOKEN"; env');
      expect(inherits.stdout).toContain("TOKEN=[secret TOKEN]");
      const own = ["--env", "OWN=secret://TOKEN", "--cmd", 'echo "<$OWN>" >&2; exit 7'];
      expect((await cos("exec", ...json, `cos-${name}`, ...own)).code).toBe(7);
      const fails = await ensure("--recreate", "--cmd", 'echo "no $TOKEN"; exit 3');
      expect(fails.stderr).toContain("no [secret TOKEN]");
    }
    expectNoCanary();
  });

  test("in the audit log, which says that one was asked for", async () => {
    await run("true");
    await cos("audit", "query", "--json");
    const runs = installation.auditEvents().filter(({ operation }) => operation === "container_run");
    expect(runs.some(({ asks }) => asks?.secrets === true)).toBe(true);
    expectNoCanary();
  });
});
