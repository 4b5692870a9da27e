import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { catalogue } from "@cos/control-plane";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";

const page = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "replaces.md"), "utf8");

interface Row {
  readonly there: string;
  readonly tool: string;
  readonly command: string;
}

/** The tables of the page, by the heading above each. */
const tables = page
  .split(/^## /m)
  .slice(1)
  .map((section): [string, Row[]] => {
    const rows = [...section.matchAll(/^\| `(\w+)` *\| `(\w+)` *\| `([^|]+)` *\|$/gm)];
    const [title = ""] = section.split("\n", 1);
    return [title, rows.map(([, there = "", tool = "", command = ""]) => ({ there, tool, command }))];
  });

/** What the page calls something, as it is called here, where others may use the same engine. */
const suffix = randomBytes(4).toString("hex");
const names = new Map(
  ["web", "back", "data", "appnet", "hello:1"].map((name) => [name, name.replace(/(?=:|$)/, `-${suffix}`)]),
);

/** The words of a command line as a shell reads them; the page has no other quotes than these. */
function toWords(line: string): string[] {
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
  return words.map((word) => names.get(word) ?? word);
}

describe("what the page says of other tools", () => {
  let installation: Installation;
  beforeAll(() => void (installation = makeInstallation()));
  afterAll(async () => {
    await installation.cos(["rm", "--force", "--yes", `web-${suffix}`]);
    installation.remove();
  });

  test("has tables, and every tool of it exists", () => {
    expect(tables.flatMap(([, rows]) => rows).length).toBeGreaterThan(30);
    const tools = new Set(catalogue.map(({ name }) => name));
    for (const { tool } of tables.flatMap(([, rows]) => rows)) expect(tools).toContain(tool);
  });

  describe.each(tables)("%s", (_title, rows) => {
    test.each(rows.map(({ there, command, tool }) => [there, command, tool] as const))(
      "%s is %s",
      async (_there, command, tool) => {
        const [program, ...args] = toWords(command);
        expect(program).toBe("cos");
        const before = installation.auditEvents();
        const { code, stderr } = await installation.cos(args);
        expect(stderr).not.toMatch(/^cos:/m);
        expect(code).toBe(0);
        const done = installation.auditEvents(before).filter(({ caller }) => caller.kind !== "reaper");
        expect(done.at(-1)).toMatchObject({ operation: tool, stage: expect.stringMatching(/^(?:read|succeeded)$/) });
      },
    );
  });
});
