import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openSecretsTable } from "./secrets-table.ts";

/** A table of secrets in a directory of its own. `write` puts further files there and says where they are. */
function makeTable(text: string | undefined, env: NodeJS.ProcessEnv = {}) {
  const directory = mkdtempSync(join(tmpdir(), "cos-secrets-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(directory, name), content, { mode: 0o600 });
    return join(directory, name);
  };
  const file = join(directory, "secrets.yaml");
  if (text !== undefined) write("secrets.yaml", text.replaceAll("DIRECTORY", directory));
  return { directory, file, write, table: openSecretsTable(file, env) };
}

describe("a secret", () => {
  test("comes from cos's own environment", async () => {
    const { table } = makeTable("TOKEN: {env: APP_TOKEN}", { APP_TOKEN: "hunter22" });
    expect(await table.get("TOKEN")).toBe("hunter22");
  });

  test.each([
    ["hunter22", "hunter22"],
    ["hunter22\n", "hunter22"],
    ["hunter22\r\n", "hunter22"],
    ["two\nlines\n\n", "two\nlines\n"],
    [" hunter22 ", " hunter22 "],
  ])("comes from a file, of which one line end at its end does not count: %j", async (content, value) => {
    const { table, write } = makeTable("TOKEN: {file: DIRECTORY/token}");
    write("token", content);
    expect(await table.get("TOKEN")).toBe(value);
  });

  test("comes from a file of variables", async () => {
    const { table, write } = makeTable('{"TOKEN": {"envFile": "DIRECTORY/.env", "variable": "B"}}');
    write(".env", "# ours\nA=1\nexport B='hunter 22' # not this\nC=3\n");
    expect(await table.get("TOKEN")).toBe("hunter 22");
  });

  test("is as the table and the file say now", async () => {
    const { table, write, file } = makeTable("TOKEN: {file: DIRECTORY/token}");
    write("token", "first");
    expect(await table.get("TOKEN")).toBe("first");
    write("token", "second");
    expect(await table.get("TOKEN")).toBe("second");
    writeFileSync(file, "{}");
    await expect(table.get("TOKEN")).rejects.toMatchObject({ code: "not_found" });
  });

  test.each(["OTHER", "constructor", "__proto__"])(
    "that the table does not name is not found, and the hint names the table: %s",
    async (name) => {
      const { table, file } = makeTable("TOKEN: {env: TOKEN}");
      await expect(table.get(name)).rejects.toMatchObject({ code: "not_found", hint: expect.stringContaining(file) });
    },
  );

  test("without a table is not found, and the hint says how to begin one", async () => {
    const { table, file } = makeTable(undefined);
    await expect(table.get("db-password")).rejects.toMatchObject({
      code: "not_found",
      hint: expect.stringMatching(`${file}.*db-password: {env: DB_PASSWORD}`),
    });
  });

  test.each([
    ["an unset variable", "{env: UNSET}", "not_found"],
    ["a missing file", "{file: DIRECTORY/missing}", "not_found"],
    ["a missing line", "{envFile: DIRECTORY/file, variable: OTHER}", "not_found"],
    ["a directory", "{file: DIRECTORY}", "failed_precondition"],
    ["too long a file", "{file: DIRECTORY/long}", "failed_precondition"],
    ["a file that is no text", "{file: DIRECTORY/binary}", "failed_precondition"],
    ["too short a value", "{env: SHORT}", "failed_precondition"],
  ])("is refused with %s", async (_what, entry, code) => {
    const { table, write } = makeTable(`TOKEN: ${entry}`, { SHORT: "abc" });
    write("file", "TOKEN=hunter22\n");
    write("long", "x".repeat(64 * 1024 + 1));
    write("binary", Uint8Array.of(0xff, 0xfe, 0xfd, 0xfc, 0xfb));
    await expect(table.get("TOKEN")).rejects.toMatchObject({ code });
  });
});

describe("the table of secrets", () => {
  test.each([
    ["TOKEN: hunter22", /:1:8: TOKEN: /],
    ["TOKEN: {}", /:1:8: TOKEN: expected exactly one of env, file, or envFile/],
    ["TOKEN: {env: A, file: /b}", /exactly one/],
    ["TOKEN: {envFile: /b}", /go together/],
    ["TOKEN: {file: relative}", /:1:15: TOKEN\.file: expected an absolute path/],
    ["my token: {env: A}", /name of a secret/],
    ["TOKEN: {env: A}\nTOKEN: {env: B}", /:2:1: "TOKEN" is there twice/],
  ])("that is wrong is refused with line and column: %j", async (text, message) => {
    const { table, file } = makeTable(text);
    await expect(table.get("TOKEN")).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(message),
    });
    await expect(table.list()).rejects.toMatchObject({ message: expect.stringContaining(file) });
  });

  test("that names a field which is none is told the nearest", async () => {
    await expect(makeTable("A: {env: A}\nTOKEN: {evn: A}").table.list()).rejects.toMatchObject({
      details: {
        issues: expect.arrayContaining([
          { line: 2, column: 9, path: "TOKEN.evn", message: "there is no such field; did you mean env?" },
        ]),
      },
    });
  });

  test("that others can change is refused", async () => {
    const { table, file } = makeTable("TOKEN: {env: TOKEN}", { TOKEN: "hunter22" });
    chmodSync(file, 0o644);
    expect(await table.get("TOKEN")).toBe("hunter22");
    chmodSync(file, 0o666);
    await expect(table.get("TOKEN")).rejects.toMatchObject({ code: "failed_precondition" });
  });

  test("lists names, sources and problems, and no value", async () => {
    const { table } = makeTable("B: {env: UNSET}\nA: {env: APP_TOKEN}\nC: {file: /no/such/file}", {
      APP_TOKEN: "hunter22",
    });
    const list = await table.list();
    expect(list).toEqual([
      { name: "A", source: "variable APP_TOKEN of cos's environment" },
      { name: "B", source: "variable UNSET of cos's environment", problem: expect.stringContaining("not there") },
      { name: "C", source: "file /no/such/file", problem: expect.stringContaining("not there") },
    ]);
    expect(JSON.stringify(list)).not.toContain("hunter22");
  });

  test("that is not there names none", async () => {
    expect(await makeTable(undefined).table.list()).toEqual([]);
  });
});
