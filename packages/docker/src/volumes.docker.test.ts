import { randomBytes } from "node:crypto";
import { createSigner, defineWorkload, type Engine } from "@cos/core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { connectDocker } from "./connect.ts";
import { callEngine } from "./testing/raw-engine.ts";

const name = `volumes-${randomBytes(4).toString("hex")}`;
const owner = "volumes-test";
let engine: Engine;

beforeAll(async () => {
  engine = await connectDocker({ signer: createSigner(randomBytes(32)) });
});
afterEach(async () => {
  await callEngine("DELETE", `/volumes/cos-${name}`);
});
afterAll(() => engine.close());

interface Made {
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>>;
}

describe("a volume that somebody made under cos's name", () => {
  const bind = { type: "none", o: "bind", device: "/etc" };
  const attempts: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["ensured", () => engine.volumes.ensure({ name, owner })],
    [
      "mounted",
      () =>
        engine.jobs.run({
          owner,
          spec: defineWorkload({
            env: { image: "busybox" },
            pull: "never",
            command: "cat /data/hostname",
            mounts: [{ type: "volume", name, target: "/data" }],
          }),
        }),
    ],
  ];

  test.each(attempts)("to point at a host directory is never %s", async (_, attempt) => {
    await callEngine("POST", "/volumes/create", { Name: `cos-${name}`, Driver: "local", DriverOpts: bind });
    await expect(attempt()).rejects.toMatchObject({ code: "already_exists" });
  });

  test.each(attempts)("with the labels of one that cos made is never %s when it has options", async (_, attempt) => {
    await engine.volumes.ensure({ name, owner });
    const { Labels } = await callEngine<Made>("GET", `/volumes/cos-${name}`);
    await callEngine("DELETE", `/volumes/cos-${name}`);
    await callEngine("POST", "/volumes/create", { Name: `cos-${name}`, Driver: "local", DriverOpts: bind, Labels });
    await expect(attempt()).rejects.toMatchObject({ code: "already_exists" });
  });

  test.each(attempts)("with the labels of another volume of cos's is never %s", async (_, attempt) => {
    const other = `${name}-other`;
    await engine.volumes.ensure({ name: other, owner });
    const { Labels } = await callEngine<Made>("GET", `/volumes/cos-${other}`);
    await engine.volumes.remove(`cos-${other}`);
    await callEngine("POST", "/volumes/create", { Name: `cos-${name}`, Labels });
    await expect(attempt()).rejects.toMatchObject({ code: "already_exists" });
  });
});
