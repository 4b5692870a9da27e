import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";

let installation: Installation;
beforeEach(() => {
  installation = makeInstallation();
});
afterEach(() => installation.remove());

const value = "correct horse battery staple";
const env = { APP_TOKEN: value };

function writeTable(text: string): string {
  const directory = join(installation.home, "config", "cos");
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "secrets.yaml"), text);
  return join(directory, "secrets.yaml");
}

describe("cos secrets ls", () => {
  test("lists names, where they come from and whether they can be had, and no value", async () => {
    const file = writeTable("TOKEN: {env: APP_TOKEN}\ndb: {file: /no/such/file}\n");
    const table = await installation.cos(["secrets", "ls"], { env });
    expect(table).toMatchObject({ code: 0, stderr: "" });
    expect(table.stdout).toMatch(
      /^NAME +FROM +STATE\nTOKEN +variable APP_TOKEN of cos's environment +ok\ndb +file \/no\/such\/file +The secret db is not there/,
    );
    const json = await installation.cos(["secrets", "ls", "--json"], { env });
    expect(JSON.parse(json.stdout)).toEqual({
      file,
      secrets: [
        { name: "TOKEN", source: "variable APP_TOKEN of cos's environment" },
        { name: "db", source: "file /no/such/file", problem: expect.any(String) },
      ],
    });
    expect(table.stdout + json.stdout).not.toContain(value);
  });

  test("says where to put some when there are none", async () => {
    const { code, stdout } = await installation.cos(["secrets", "ls"]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `No secrets in ${join(installation.home, "config", "cos", "secrets.yaml")}.\n`,
    });
  });

  test("reads another table when COS_SECRETS names one, and none of the working directory", async () => {
    writeFileSync(join(installation.workDirectory, "secrets.yaml"), "HERE: {env: APP_TOKEN}\n");
    expect((await installation.cos(["secrets", "ls"])).stdout).not.toContain("HERE");
    const named = { env: { ...env, COS_SECRETS: join(installation.workDirectory, "secrets.yaml") } };
    expect((await installation.cos(["secrets", "ls"], named)).stdout).toContain("HERE");
  });
});

describe("cos secrets check", () => {
  test("succeeds when every secret can be had", async () => {
    const file = writeTable("TOKEN: {env: APP_TOKEN}\n");
    expect(await installation.cos(["secrets", "check"], { env })).toMatchObject({
      code: 0,
      stdout: `1 secret in ${file}, 0 cannot be had\n`,
    });
  });

  test("fails when one cannot, and names it", async () => {
    writeTable("TOKEN: {env: APP_TOKEN}\n");
    const { code, stdout } = await installation.cos(["secrets", "check"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^TOKEN: The secret TOKEN is not there: no variable APP_TOKEN /);
  });

  test("says line and column of a mistake", async () => {
    const file = writeTable("TOKEN: {env: APP_TOKEN}\nOTHER: text\n");
    const { code, stderr } = await installation.cos(["secrets", "check"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`${file}:2:8: OTHER: `);
  });
});
