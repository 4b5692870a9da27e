import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { askEngine, removeByLabel } from "./testing/engine.ts";

const name = `cli-exec-${randomBytes(4).toString("hex")}`;
const label = `user.test=${name}`;
let installation: Installation;
let id: string;

beforeAll(() => {
  installation = makeInstallation();
});
beforeEach(async () => {
  const created = await askEngine("POST", `/containers/create?name=${name}`, {
    Image: "busybox:latest",
    Cmd: ["sleep", "600"],
    Labels: { "user.test": name },
    HostConfig: { Init: true, NetworkMode: "none" },
  });
  id = (created.body as { Id: string }).Id;
  await askEngine("POST", `/containers/${id}/start`);
});
afterEach(() => removeByLabel(label));
afterAll(() => installation.remove());

const exec = (args: readonly string[], stdin?: string) =>
  installation.cos(["exec", ...args], stdin === undefined ? {} : { stdin });

async function commandsIn(): Promise<string> {
  const { body } = await askEngine("GET", `/containers/${id}/top?ps_args=-o%20pid,args`);
  return (body as { Processes: string[][] }).Processes.map((columns) => columns.at(-1)).join("\n");
}

describe("cos exec", () => {
  test("passes both streams on and exits with the command's code", async () => {
    expect(await exec([name, "--cmd", "echo out; echo err >&2; exit 7"])).toEqual(
      expect.objectContaining({ code: 7, stdout: "out\n", stderr: "err\n" }),
    );
  });

  test("runs a program with its arguments as they are", async () => {
    expect(await exec([name, "--", "echo", "-n", "$HOME", "a  b"])).toMatchObject({ code: 0, stdout: "$HOME a  b" });
  });

  test("takes user, directory, variables and input", async () => {
    const flags = ["--user", "1000", "--workdir", "/tmp", "-e", "A=b", "--stdin", "-"];
    const result = await exec([name, ...flags, "--cmd", 'id -u; pwd; echo "$A"; cat'], "from stdin");
    expect(result).toMatchObject({ code: 0, stdout: "1000\n/tmp\nb\nfrom stdin" });
  });

  test("ends with 124 when the time is over, and says why", async () => {
    const result = await exec([name, "--timeout", "1", "--cmd", "echo ready; sleep 701 & sleep 702"]);
    expect(result).toMatchObject({ code: 124, stdout: "ready\n" });
    expect(result.stderr).toContain("killed after 1 s; raise --timeout");
    await vi.waitFor(async () => expect(await commandsIn()).not.toMatch(/sleep 70[12]/));
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("on %s kills the command in the container, and ends with %i", async (signal, code) => {
    const command = installation.start(["exec", name, "--cmd", "echo ready; setsid sleep 703 & sleep 704"]);
    await command.printed("ready");
    command.kill(signal);
    expect(await command.ended).toMatchObject({ code });
    await vi.waitFor(async () => expect(await commandsIn()).not.toMatch(/sleep 70[34]/));
  });

  test.each<[string, readonly string[]]>([
    ["there is no such container", ["no-such-container", "--", "true"]],
    ["no command is given", [name]],
    ["the directory is not there", [name, "--workdir", "/no/such", "--", "true"]],
    ["a flag is unknown", [name, "--privileged", "--", "true"]],
  ])("ends with 125 when %s", async (_why, args) => {
    const { code, stderr } = await exec(args);
    expect(code).toBe(125);
    expect(stderr).toMatch(/^cos: /);
  });

  test("prints the whole result with --json", async () => {
    const { stdout, code } = await exec([name, "--json", "--", "echo", "hello"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      containerId: id,
      name,
      exitCode: 0,
      stdout: "hello\n",
      timedOut: false,
    });
  });
});
