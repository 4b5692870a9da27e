import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Installation, makeInstallation } from "../testing/cos.ts";
import { type ClientName, clientNames, fileOf } from "./clients.ts";

const page = readFileSync(join(import.meta.dirname, "../../../mcp-server/README.md"), "utf8");
/** Each command that the page says the result of, and that. */
const blocks = [...page.matchAll(/<!-- cos (mcp add .+) -->\n+```\w+\n([^]*?)```/g)].map(
  ([, command = "", text = ""]) => [command, text] as const,
);

let installation: Installation;
beforeAll(() => {
  installation = makeInstallation();
});
afterAll(() => installation.remove());

test.each(blocks)("the server's page shows what is written by cos %s", async (command, text) => {
  const home = mkdtempSync(join(installation.home, "home-"));
  const env = { HOME: home, XDG_CONFIG_HOME: join(home, ".config"), CLAUDE_CONFIG_DIR: "", CODEX_HOME: "" };
  mkdirSync(join(home, ".config"));
  const { code } = await installation.cos([...command.split(" "), "--yes"], { env });
  expect(code).toBe(0);
  const client = command.split(" ")[2] as ClientName;
  const file = fileOf(client, "user", { platform: process.platform, home, env, project: home });
  expect(text).toBe(readFileSync(file, "utf8"));
});

test("the server's page shows every client", () => {
  const commands = blocks.map(([command]) => command);
  expect(commands).toEqual(expect.arrayContaining(clientNames.map((client) => `mcp add ${client}`)));
});
