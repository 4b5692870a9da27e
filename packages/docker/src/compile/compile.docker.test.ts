import { randomBytes } from "node:crypto";
import { mkdtempSync, realpathSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineWorkload, type WorkloadInput } from "@cos/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContainerBody, ImageBody, InfoBody } from "../api.ts";
import { toFacts } from "../facts.ts";
import { fromImageBody } from "../images/image.ts";
import { withAnother } from "../testing/faithful-body.ts";
import { callEngine, enginePath, removeContainersWith } from "../testing/raw-engine.ts";
import { assertBuiltAsAsked, compile, type Compiled, findDifferences } from "./compile.ts";
import { table } from "./table.ts";

const testRun = `compile-${randomBytes(4).toString("hex")}`;
const volume = `cos-${testRun}`;
const env = { image: "busybox:latest" };
const directory = realpathSync(mkdtempSync(join(tmpdir(), "cos-compile-")));
const everything: WorkloadInput = {
  env,
  command: ["sleep", "1"],
  entrypoint: ["/bin/busybox"],
  user: "1000:1000",
  workingDir: "/srv",
  variables: { A: "1", "B C": "2\n3" },
  mounts: [
    { type: "volume", name: testRun, target: "/cache" },
    { type: "tmpfs", target: "/scratch", size: "1m" },
    { type: "bind", source: directory, target: "/in" },
  ],
  limits: { cpus: 0.5, memory: "64m", pids: 20 },
  ports: ["0:80", "0:53/udp"],
  lifecycle: "persistent",
  name: testRun,
  healthCheck: { command: "true" },
  restart: { maxAttempts: 2 },
};

async function create(
  input: WorkloadInput,
  attached: boolean,
  interaction?: "stream" | "terminal",
): Promise<{ compiled: Compiled; body: ContainerBody; warnings: string[] }> {
  const spec = defineWorkload({ ...input, labels: { "user.test": testRun } });
  const [image, info] = await Promise.all([
    callEngine<ImageBody>("GET", "/images/busybox:latest/json"),
    callEngine<InfoBody>("GET", "/info"),
  ]);
  const compiled = compile({
    spec,
    variables: spec.variables,
    image: fromImageBody(image),
    facts: toFacts(info, { kind: "unix", path: enginePath() }),
    labels: { "cos.id": testRun },
    binds: [{ target: "/in", source: directory }],
    network: spec.network,
    volumeLabels: {},
    attached,
    interaction,
  });
  const { Id, Warnings } = await callEngine<{ Id: string; Warnings: string[] | null }>(
    "POST",
    "/containers/create",
    compiled.body,
  );
  return { compiled, warnings: Warnings ?? [], body: await callEngine<ContainerBody>("GET", `/containers/${Id}/json`) };
}

let built: Awaited<ReturnType<typeof create>>;

beforeAll(async () => {
  built = await create(everything, false);
});
afterAll(async () => {
  await removeContainersWith(`user.test=${testRun}`);
  await callEngine("DELETE", `/volumes/${volume}`);
  rmdirSync(directory);
});

describe("what a real engine builds", () => {
  test.each<[string, WorkloadInput, boolean, ("stream" | "terminal")?]>([
    ["a sandboxed job", { env, command: "true" }, true],
    ["a job with stdin", { env, command: ["cat"], stdin: "x" }, true],
    ["a job that somebody talks with", { env }, true, "stream"],
    ["a job at a terminal", { env }, true, "terminal"],
    ["a strict job", { env, command: ["true"], profile: "strict" }, true],
    ["a service", { env, command: ["true"], lifecycle: "persistent", name: "web" }, false],
  ])("is what was asked for: %s", async (_what, input, attached, interaction) => {
    const { compiled, body, warnings } = await create(input, attached, interaction);
    expect(findDifferences(compiled, body)).toEqual([]);
    expect(() => assertBuiltAsAsked(compiled, body, warnings)).not.toThrow();
  });

  test("is what was asked for when everything is", () => {
    expect(findDifferences(built.compiled, built.body)).toEqual([]);
  });

  test.each(table.map(({ inspected }) => inspected))("is refused when %s differs", (path) => {
    expect(findDifferences(built.compiled, withAnother(built.body, path)).map(({ field }) => field)).toEqual([path]);
  });
});
