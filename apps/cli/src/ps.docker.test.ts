import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Installation, makeInstallation, type Started } from "./testing/cos.ts";
import { askEngine, listByLabel, removeByLabel } from "./testing/engine.ts";

const mark = `cli-ps-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
let installation: Installation;
let job: Started;
let id: string;

beforeAll(async () => {
  installation = makeInstallation();
  job = installation.start([
    "run",
    "--pull",
    "never",
    "--label",
    label,
    "--name",
    mark,
    "--timeout",
    "120",
    "busybox",
    "-c",
    "echo ready; sleep 100",
  ]);
  await job.printed("ready");
  // The engine lists a container as created for a moment after its first output.
  await vi.waitFor(async () => expect((await listByLabel(label))[0]?.State).toBe("running"));
  id = (await listByLabel(label))[0]?.Id ?? "";
  await askEngine("POST", `/containers/create?name=${mark}-plain`, {
    Image: "busybox:latest",
    Labels: { "user.test": mark },
  });
});
afterAll(async () => {
  job.kill("SIGINT");
  await job.ended;
  await removeByLabel(label);
  installation.remove();
});

const linesWith = (text: string, part: string) => text.split("\n").filter((line) => line.includes(part));

describe("cos ps", () => {
  test("shows what runs, in columns, with its owner", async () => {
    const { code, stdout, stderr } = await installation.cos(["ps"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n")[0]).toMatch(/^ID +NAME +IMAGE +STATE +OWNER +AGE +PORTS$/);
    expect(linesWith(stdout, mark)).toEqual([
      expect.stringMatching(new RegExp(`^${id.slice(0, 12)} +cos-${mark} +busybox +running +user +\\d+[smhd]$`)),
    ]);
    expect(stdout).not.toContain("\u001b");
  });

  test("shows with --all what does not run too, and whose it is", async () => {
    expect(linesWith((await installation.cos(["ps", "--all"])).stdout, `${mark}-plain`)).toEqual([
      expect.stringMatching(/ created +\(unmanaged\) /),
    ]);
    expect(linesWith((await installation.cos(["ps", "-a", "--managed"])).stdout, `${mark}-plain`)).toEqual([]);
  });

  test("prints ids with --quiet, and one JSON document with --json", async () => {
    expect((await installation.cos(["ps", "--managed", "-q"])).stdout).toBe(`${id.slice(0, 12)}\n`);
    expect(JSON.parse((await installation.cos(["ps", "--managed", "--json"])).stdout)).toEqual({
      containers: [
        expect.objectContaining({
          id,
          name: `cos-${mark}`,
          image: "busybox",
          state: "running",
          ownership: "managed",
          owner: "user",
          labels: { "user.test": mark },
        }),
      ],
    });
  });

  test("knows another installation's containers, and that they are not its own", async () => {
    const other = makeInstallation();
    try {
      expect(linesWith((await other.cos(["ps"])).stdout, `cos-${mark}`)).toEqual([
        expect.stringContaining("(foreign)"),
      ]);
      expect(JSON.parse((await other.cos(["ps", "--managed", "--json"])).stdout)).toEqual({ containers: [] });
    } finally {
      other.remove();
    }
  });
});

test("a name that is taken is refused with 125, and the first job goes on", async () => {
  const ended = await installation.cos([
    "run",
    "--pull",
    "never",
    "--label",
    label,
    "--name",
    mark,
    "busybox",
    "-c",
    "true",
  ]);
  expect(ended).toMatchObject({ code: 125, stderr: expect.stringContaining("already") });
  expect(await listByLabel(label)).toContainEqual(expect.objectContaining({ Id: id, State: "running" }));
});

test("cos ping tells the engine's version, and with --json as data", async () => {
  expect(await installation.cos(["ping"])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^local: docker engine \S+, API 1\.\d+, answered in [\d.]+ ms\n$/),
  });
  expect(JSON.parse((await installation.cos(["ping", "--json"])).stdout)).toMatchObject({
    engine: "local",
    driver: "docker",
    latencyMs: expect.any(Number),
  });
});

test("cos doctor says what is well and what to fix, and with --json the same as data", async () => {
  const { stdout } = await installation.cos(["doctor"]);
  expect(stdout).toMatch(/^ok {4}node: /m);
  expect(stdout).toMatch(/^ok {4}engine: /m);
  const findings = JSON.parse((await installation.cos(["doctor", "--json"])).stdout) as {
    status: string;
    fix?: string;
  }[];
  expect(findings.filter(({ status }) => status !== "ok").every(({ fix }) => typeof fix === "string")).toBe(true);
});
