import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { AccessToken } from "@cos/control-plane";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";

let installation: Installation;
beforeEach(() => {
  installation = makeInstallation();
});
afterEach(() => installation.remove());

const cos = (...args: string[]) => installation.cos(["token", ...args]);
const create = async (...args: string[]) =>
  JSON.parse((await cos("create", ...args, "--json")).stdout) as AccessToken & { token: string };
const list = async () => JSON.parse((await cos("ls", "--json")).stdout) as AccessToken[];
const file = () => join(installation.home, "config", "cos", "access-tokens.json");
const secretForm = /^cos_[A-Za-z0-9_-]{43}$/;

describe("cos token create", () => {
  test("prints the token alone on standard output, once, and keeps it nowhere", async () => {
    const { code, stdout, stderr } = await cos("create", "laptop");
    expect(code).toBe(0);
    expect(stdout.trimEnd()).toMatch(secretForm);
    const [token] = await list();
    expect(stderr).toBe(
      `A token for laptop, good until it is revoked. It is shown this once; to take it back: cos token revoke ${token?.id}\n`,
    );
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    const files = readdirSync(installation.home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
    expect(files.length).toBeGreaterThan(2);
    expect(files.join("\n")).not.toContain(stdout.trim().slice(4));
    expect((await cos("ls")).stdout).not.toContain(stdout.trim().slice(4));
  });

  test("makes one that ends, and one whose client is trusted with dialogs", async () => {
    const made = await create("ci", "--ttl", "12h", "--trust-dialogs");
    expect(made).toMatchObject({
      name: "ci",
      trustsDialogs: true,
      createdBy: "user",
      token: expect.stringMatching(secretForm),
    });
    expect(Date.parse(made.expiresAt ?? "") - Date.parse(made.createdAt)).toBe(12 * 3_600_000);
    const { token: _, ...listed } = made;
    expect(await list()).toEqual([listed]);
  });

  test("makes every one of those that are made at the same time", async () => {
    const names = ["a", "b", "c", "d"];
    await Promise.all(names.map((name) => cos("create", name)));
    expect((await list()).map(({ name }) => name).toSorted()).toEqual(names);
    expect(readdirSync(join(installation.home, "config", "cos")).toSorted()).toEqual([
      "access-tokens.json",
      "key.json",
    ]);
  });

  test("is recorded, with whom it is for, and without what it is", async () => {
    const { id, token } = await create("laptop");
    expect(installation.auditEvents()).toMatchObject(
      ["started", "succeeded"].map((stage) => ({
        stage,
        operation: "token_create",
        effect: "mutate",
        caller: { kind: "script", name: "user" },
        target: { kind: "token", id, name: "laptop" },
      })),
    );
    expect(JSON.stringify(installation.auditEvents())).not.toContain(token.slice(4));
  });

  test.each([
    [["user"], 1, /The name user is reserved/],
    [["oauth-alice"], 1, /OAuth issuer/],
    [["two words"], 1, /not valid/],
    [["laptop", "--ttl", "0s"], 2, /expected a length of time/],
    [["laptop", "--ttl", "soon"], 2, /expected a length of time/],
    [[], 2, /missing required argument/],
  ])("refuses %j, and makes nothing", async (args, code, message) => {
    const ended = await cos("create", ...args);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toMatch(message);
    expect(existsSync(file())).toBe(false);
    expect(installation.auditEvents()).toEqual([]);
  });
});

describe("cos token ls", () => {
  test("shows whose they are and how long they are good", async () => {
    expect(await cos("ls")).toMatchObject({ code: 0, stdout: "No tokens.\n", stderr: "" });
    const one = await create("laptop");
    const two = await create("ci", "--ttl", "1s", "--trust-dialogs");
    const rows = async () => (await cos("ls")).stdout.split("\n").map((line) => line.split(/ {2,}/));
    await expect
      .poll(rows, { timeout: 10_000 })
      .toEqual([
        ["ID", "NAME", "AGE", "EXPIRES", "DIALOGS"],
        [one.id, "laptop", expect.stringMatching(/^\d+s$/), "never", "no"],
        [two.id, "ci", expect.stringMatching(/^\d+s$/), "expired", "trusted"],
        [""],
      ]);
  });
});

describe("cos token revoke", () => {
  test("takes back one by its id, or all of a name, and that is recorded", async () => {
    const [one, two, other] = [await create("laptop"), await create("laptop"), await create("ci")];
    const before = installation.auditEvents();
    expect(await cos("revoke", one.id)).toMatchObject({ code: 0, stdout: `revoked ${one.id}  laptop\n`, stderr: "" });
    expect((await list()).map(({ id }) => id)).toEqual([two.id, other.id]);
    expect(JSON.parse((await cos("revoke", "laptop", "--json")).stdout)).toMatchObject([{ id: two.id }]);
    expect((await list()).map(({ id }) => id)).toEqual([other.id]);
    expect(installation.auditEvents(before)).toMatchObject(
      [one, one, two, two].map(({ id }, at) => ({
        stage: at % 2 === 0 ? "started" : "succeeded",
        operation: "token_revoke",
        target: { kind: "token", id },
      })),
    );
    expect(await cos("revoke", "laptop")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: 'cos: There is no token "laptop".\nhint: See: cos token ls\n',
    });
  });
});
