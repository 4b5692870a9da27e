import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { recordRequests, removeByLabel, startUnmanaged } from "./testing/engine.ts";

const mark = `cli-policy-${randomBytes(4).toString("hex")}`;
const web = `${mark}-web`;
let installation: Installation;
let engine: Awaited<ReturnType<typeof recordRequests>>;

beforeAll(async () => {
  installation = makeInstallation();
  engine = await recordRequests(installation.home);
  await startUnmanaged(web, { "user.test": mark });
});
afterAll(async () => {
  engine.close();
  await removeByLabel(`user.test=${mark}`);
  installation.remove();
});

const explain = (...args: string[]) =>
  installation.cos(["policy", "explain", ...args], { env: { DOCKER_HOST: engine.address } });
const input = JSON.stringify({ container: web });

describe("cos policy explain", () => {
  test("says which rule decides about an agent's call, why, and what did not match before it", async () => {
    const { code, stdout, stderr } = await explain("container_restart", "--input", input);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^confirm, by the rule agent-runs-unmanaged-containers: Somebody made this container/);
    for (const line of [
      "callerKind: stdio",
      "callerName: agent",
      `targetName: ${web}`,
      "targetOwnership: unmanaged",
      "agent-reads: not its effect",
      "agent-runs-unmanaged-containers: matches, so confirm",
    ])
      expect(stdout).toContain(`\n  ${line}\n`);
  });

  test("asks as whom it is told to, with the input of a file, and answers as JSON", async () => {
    writeFileSync(join(installation.workDirectory, "input.json"), input);
    const { stdout } = await explain("container_rm", "--input", "@input.json", "--as", "script", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      question: { callerKind: "script", callerName: "user", targetName: web },
      decision: { verdict: "confirm", rule: "removes-the-rest" },
    });
    expect((await explain("container_rm", "--input", input, "--read-only")).stdout).toMatch(
      /^deny, by the rule read-only: /,
    );
  });

  test("tells a rule that holds for some of what is asked from one that does not match", async () => {
    const file = join(installation.workDirectory, "ports.yaml");
    writeFileSync(file, `rules: [{ name: low-ports, ports: ["80:*"], decision: approve, reason: A low port. }]\n`);
    const job = JSON.stringify({ image: "busybox", publish: ["80:80", "8080:80"], command: "true" });
    const { stdout } = await explain("container_run", "--policy", file, "--input", job);
    expect(stdout).toMatch(/^approve, by the rule low-ports: A low port\.\n/);
    expect(stdout).toContain("\n  low-ports: only some of its ports, so at least approve\n");
  });

  test.each([
    ["an operation that there is not", ["no_such_operation"], /There is no such operation/],
    [
      "a container that there is not",
      ["container_rm", "--input", '{"container": "no-such"}'],
      /no container "no-such"/,
    ],
    ["an input that does not parse", ["container_rm", "--input", "{}"], /container: /],
    ["an input that is no JSON", ["container_rm", "--input", "{"], /--input is not JSON[^]*hint: For example/],
    ["a file that there is not", ["container_rm", "--input", "@none.json"], /not a file that can be read/],
  ])("fails for %s", async (_, args, message) => {
    const ended = await explain(...args);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(message);
  });

  test("changes nothing, and is no call: it leaves no record", () => {
    expect(engine.requests.filter((request) => !/^(?:GET|HEAD) /.test(request))).toEqual([]);
    expect(engine.requests).not.toEqual([]);
    expect(installation.auditEvents()).toEqual([]);
  });
});
