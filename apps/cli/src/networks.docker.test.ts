import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { askEngine } from "./testing/engine.ts";

const name = `cli-net-${randomBytes(4).toString("hex")}`;
let installation: Installation;

beforeAll(() => {
  installation = makeInstallation();
});
afterAll(async () => {
  await askEngine("DELETE", `/networks/cos-${name}`);
  installation.remove();
});

test("cos network makes, shows and removes networks", async () => {
  const cos = (args: readonly string[]) => installation.cos(args);
  expect(await cos(["network", "create", name, "--purpose", "a test"])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(new RegExp(`^made [0-9a-f]{12}  cos-${name}  internal  user\n$`)),
    stderr: "",
  });
  expect(await cos(["network", "create", name])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("There is a network"),
  });
  const { networks } = JSON.parse((await cos(["network", "ls", "--managed", "--json"])).stdout) as {
    networks: { id: string }[];
  };
  expect(networks).toEqual([
    expect.objectContaining({ name: `cos-${name}`, internal: true, owner: "user", purpose: "a test" }),
  ]);
  const shortId = networks[0]?.id.slice(0, 12);

  const { stdout } = await cos(["network", "ls"]);
  expect(stdout).toMatch(/^ID +NAME +LEADS OUT +OWNER +AGE +PURPOSE\n/);
  expect(stdout).toMatch(new RegExp(`^${shortId} +cos-${name} +no +user +\\d+[smh] +a test$`, "m"));
  expect(stdout).toMatch(/^[0-9a-f]{12} +bridge +yes +\(unmanaged\) /m);
  expect((await cos(["network", "ls", "--managed", "-q"])).stdout).toBe(`${shortId}\n`);

  expect(await cos(["network", "rm", name])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`removed ${shortId}  cos-${name}`),
  });
  expect(await cos(["network", "rm", name])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("There is no network"),
  });
});
