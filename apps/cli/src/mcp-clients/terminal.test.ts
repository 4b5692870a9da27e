import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "../testing/cos.ts";
import { startAtTerminal } from "../testing/terminal.ts";

let installation: Installation;
let file: string;

beforeEach(() => {
  installation = makeInstallation();
  mkdirSync(join(installation.home, ".cursor"));
  file = join(installation.home, ".cursor", "mcp.json");
});
afterEach(() => installation.remove());

const add = () =>
  startAtTerminal(installation, ["mcp", "add", "cursor"], { env: { HOME: installation.home, NO_COLOR: "1" } });

describe("cos mcp add at a terminal", () => {
  test("shows what changes, asks, and writes it after a yes", async () => {
    const terminal = add();
    await terminal.shows('+       "command": "npx",');
    await terminal.shows("Write it? [y/N] ");
    expect(existsSync(file)).toBe(false);
    terminal.type("y\n");
    expect(await terminal.ended).toMatchObject({ code: 0, shown: expect.stringContaining("Cursor knows cos now.") });
    expect(readFileSync(file, "utf8")).toContain("@cos/mcp-server");
  });

  test("writes nothing after anything else", async () => {
    const terminal = add();
    await terminal.shows("Write it? [y/N] ");
    terminal.type("\n");
    expect(await terminal.ended).toMatchObject({ code: 125, shown: expect.stringContaining("Nothing was changed") });
    expect(existsSync(file)).toBe(false);
  });

  test("keeps what others write while it asks", async () => {
    writeFileSync(file, "{}\n");
    const terminal = add();
    await terminal.shows("Write it? [y/N] ");
    writeFileSync(file, '{"theirs": true}\n');
    terminal.type("y\n");
    expect(await terminal.ended).toMatchObject({ code: 0 });
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ theirs: true, mcpServers: { cos: {} } });
  });

  test("writes nothing when what it asked about has changed", async () => {
    const terminal = add();
    await terminal.shows("Write it? [y/N] ");
    const theirs = '{"mcpServers": {"cos": {"command": "theirs"}}}\n';
    writeFileSync(file, theirs);
    terminal.type("y\n");
    expect(await terminal.ended).toMatchObject({ code: 1, shown: expect.stringContaining("was changed meanwhile") });
    expect(readFileSync(file, "utf8")).toBe(theirs);
  });
});
