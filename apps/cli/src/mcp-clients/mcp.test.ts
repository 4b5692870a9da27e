import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "../testing/cos.ts";
import { type ClientName, clientNames, fileOf } from "./clients.ts";

let installation: Installation;
/** Where the clients' files are, and nobody's own. */
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  installation = makeInstallation();
  const home = join(installation.home, "home");
  mkdirSync(home);
  env = { HOME: home, XDG_CONFIG_HOME: join(home, ".config"), CLAUDE_CONFIG_DIR: "", CODEX_HOME: "" };
});
afterEach(() => installation.remove());

const mcp = (...args: string[]) => installation.cos(["mcp", ...args], { env });
const inHome = (path: string) => join(env["HOME"] ?? "", path);
const inProject = (path: string) => join(installation.workDirectory, path);

function write(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const userFiles: Readonly<Record<ClientName, string>> = {
  "claude-code": ".claude.json",
  "claude-desktop": ".config/Claude/claude_desktop_config.json",
  cursor: ".cursor/mcp.json",
  vscode: ".config/Code/User/mcp.json",
  codex: ".codex/config.toml",
};

describe("cos mcp add", () => {
  test.each(clientNames)("tells %s of cos, once, and cos mcp remove takes it back", async (client) => {
    const file = inHome(userFiles[client]);
    const added = await mcp("add", client, "--yes");
    expect([added.code, added.stdout]).toEqual([0, expect.stringMatching(/ knows cos now\. .+\n$/)]);
    expect(added.stderr).toContain(`${file}\n@@ line 1 @@\n+ `);
    const text = readFileSync(file, "utf8");
    expect(text).toContain(`"-y", "@cos/mcp-server", "--as", "${client}"`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await mcp("add", client)).toMatchObject({ code: 0, stdout: expect.stringContaining("knows cos already") });
    expect(await mcp("remove", client, "--yes")).toMatchObject({ code: 0 });
    expect(readFileSync(file, "utf8")).not.toContain("@cos/mcp-server");
    expect(await mcp("remove", client)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("does not know cos"),
    });
    expect(readdirSync(dirname(file))).toHaveLength(1);
  });

  test.each([
    ["claude-code", ".mcp.json", "./src"],
    ["cursor", ".cursor/mcp.json", "${workspaceFolder}/src"],
    ["vscode", ".vscode/mcp.json", "${workspaceFolder}/src"],
    ["codex", ".codex/config.toml", "./src"],
  ])("tells %s of it for a project, with paths that hold for everybody", async (client, file, root) => {
    mkdirSync(inProject("src"));
    const { code, stdout } = await mcp("add", client, "--scope", "project", "--root", "src", "--read-only", "--yes");
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("knows cos now") });
    const text = readFileSync(inProject(file), "utf8");
    expect(text.replaceAll(/\s+/g, "")).toContain(`"--root","${root}","--read-only"`);
    expect(text).not.toContain(installation.home);
    expect(existsSync(inHome(userFiles[client as ClientName]))).toBe(false);
  });

  test("writes absolute paths for the user, the toolsets, and what starts the server", async () => {
    const flags = ["--as", "helper", "--root", ".", "--root", "/tmp", "--toolsets", "images", "--yes"];
    await mcp("add", "cursor", ...flags, "--", "docker", "run", "-i", "image");
    expect(JSON.parse(readFileSync(inHome(".cursor/mcp.json"), "utf8"))).toEqual({
      mcpServers: {
        cos: {
          type: "stdio",
          command: "docker",
          args: [
            "run",
            "-i",
            "image",
            "--as",
            "helper",
            "--root",
            installation.workDirectory,
            "--root",
            "/tmp",
            "--toolsets",
            "images",
          ],
        },
      },
    });
  });

  const url = "http://127.0.0.1:8770/mcp";
  test.each<[ClientName, RegExp | string]>([
    [
      "claude-code",
      '"type": "http",\n      "url": "URL",\n      "headers": {\n        "Authorization": "Bearer ${TOKEN}"',
    ],
    ["cursor", '"url": "URL",\n      "headers": {\n        "Authorization": "Bearer ${env:TOKEN}"'],
    [
      "vscode",
      '"type": "http",\n      "url": "URL",\n      "headers": {\n        "Authorization": "Bearer ${env:TOKEN}"',
    ],
    ["codex", 'url = "URL"\nbearer_token_env_var = "TOKEN"\n'],
  ])("connects %s to a server that listens, and writes down no token", async (client, expected) => {
    await mcp("add", client, "--yes");
    const secret = "correct horse battery staple";
    const flags = ["--http", url, "--token-env", "TOKEN", "--yes"];
    const { code, stdout } = await installation.cos(["mcp", "add", client, ...flags], {
      env: { ...env, TOKEN: secret },
    });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/variable TOKEN; cos token create NAME/),
    });
    const text = readFileSync(inHome(userFiles[client]), "utf8");
    expect(text).toContain(String(expected).replace("URL", url));
    expect(text).not.toContain(secret);
    expect(text).not.toContain("npx");
  });

  test("says that a client without a token is not let in by one", async () => {
    const { stdout } = await mcp("add", "cursor", "--http", url, "--dry-run");
    expect(stdout).toMatch(/\nNothing was written\.\nIt shows no token, .*--token-env\.\n$/);
  });

  test("keeps the rest of a file, its mode, and what somebody added to the entry", async () => {
    const before =
      '{\n\t// mine\n\t"mcpServers": {\n\t\t"other": {"command": "x", "env": {"KEY": "s3cret"}},\n\t\t"cos": {"command": "old", "env": {"A": "b"}}, // ours\n\t},\n}\n';
    const file = write(inHome(".cursor/mcp.json"), before);
    chmodSync(file, 0o640);
    const { stdout, stderr } = await mcp("add", "cursor", "--yes");
    expect(stdout).toContain("has the new entry for cos");
    expect(stdout + stderr).not.toContain("s3cret");
    expect(readFileSync(file, "utf8")).toBe(
      before
        .replace('"command": "old"', '"command": "npx"')
        .replace(
          '"env": {"A": "b"}',
          '"env": {"A": "b"}, "type": "stdio", "args": ["-y","@cos/mcp-server","--as","cursor"]',
        ),
    );
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  test("keeps the mark that some editors begin a file with, and follows links to the file itself", async () => {
    const file = write(join(installation.home, "dotfiles", "mcp.json"), "\uFEFF{}\r\n");
    mkdirSync(inHome(".cursor"));
    symlinkSync(file, inHome(".cursor/mcp.json"));
    expect(await mcp("add", "cursor", "--yes")).toMatchObject({ code: 0 });
    expect(readFileSync(file, "utf8")).toMatch(/^\uFEFF\{\r\n {2}"mcpServers": \{\r\n/);
    expect(readFileSync(inHome(".cursor/mcp.json"), "utf8")).toContain("@cos/mcp-server");
  });

  test("only looks with --dry-run, and says everything with --json", async () => {
    const { code, stdout, stderr } = await mcp("add", "vscode", "--dry-run", "--json");
    expect([code, stderr]).toEqual([0, ""]);
    const file = inHome(userFiles.vscode);
    expect(JSON.parse(stdout)).toEqual({
      client: "vscode",
      scope: "user",
      file,
      change: "added",
      written: false,
      entry: { type: "stdio", command: "npx", args: ["-y", "@cos/mcp-server", "--as", "vscode"] },
      diff: expect.arrayContaining(['+   "servers": {']),
    });
    expect(existsSync(file)).toBe(false);
    expect((await mcp("add", "vscode", "--dry-run")).stdout).toMatch(
      /\+ {3}"servers": \{\n[^]*Nothing was written\.\n$/,
    );
    const written = await mcp("add", "vscode", "--yes", "--json");
    expect(JSON.parse(written.stdout)).toMatchObject({ change: "added", written: true });
  });

  test("asks nobody where nobody is, and changes nothing", async () => {
    const { code, stderr } = await mcp("add", "cursor");
    expect([code, stderr]).toEqual([125, expect.stringContaining("hint: Answer with --yes")]);
    expect((await mcp("add", "cursor", "--json")).code).toBe(125);
    expect(existsSync(inHome(".cursor"))).toBe(false);
  });

  test.each([
    ["a file that does not parse", [], '{"mcpServers": {', /mcp\.json:1:16: .*\nhint: Repair the file first/],
    ["a file that is no text", [], "\u00ff", /is not text in UTF-8/],
    ["a name that agents cannot have", ["--as", "user"], "", /The name user is reserved/],
    ["a name that is none", ["--as", "a b"], "", /name/],
    ["a directory that there is not", ["--root", "no-such"], "", /--root: "no-such" is no directory/],
    ["no directory", ["--root", ""], "", /--root: "" is no directory/],
    ["a toolset that there is not", ["--toolsets", "image"], "", /There is no toolset "image"/],
    ["a tool that there is not", ["--tools", "ping,pong"], "", /pong/],
    ["an address that is none", ["--http", "localhost"], "", /is no http or https address/],
    ["an address with a password", ["--http", "https://a:b@host/mcp"], "", /leave passwords out/],
    ["an address that others could listen in on", ["--http", "http://host/mcp"], "", /without TLS/],
    ["a token where the name of a variable belongs", ["--http", url, "--token-env", "ab-cd"], "", /name of a variable/],
    ["a token that could be a name", ["--http", url, "--token-env", `cos_${"a".repeat(43)}`], "", /name of a variable/],
    ["a token without an address", ["--token-env", "TOKEN"], "", /--token-env goes with --http/],
    ["what only a server that is started can be told", ["--http", url, "--read-only"], "", /cos serve/],
  ])("refuses %s, and changes nothing", async (_what, flags, text, message) => {
    const file = write(inHome(".cursor/mcp.json"), "");
    writeFileSync(file, text, "latin1");
    const { code, stdout, stderr } = await mcp("add", "cursor", "--yes", ...flags);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(message);
    expect(readFileSync(file, "latin1")).toBe(text);
  });

  test("refuses what a client cannot do, and a client that there is not", async () => {
    for (const flags of [
      ["--http", url],
      ["--scope", "project"],
    ]) {
      expect(await mcp("add", "claude-desktop", "--yes", ...flags)).toMatchObject({ code: 1, stdout: "" });
    }
    expect(await mcp("add", "emacs")).toMatchObject({ code: 2, stderr: expect.stringContaining("claude-code") });
  });

  test("refuses links that lead out of the project, or nowhere", async () => {
    const outside = write(inHome("other.json"), "{}\n");
    symlinkSync(outside, inProject(".mcp.json"));
    symlinkSync(inHome("."), inProject(".cursor"));
    symlinkSync("/no/such/file", inHome(".claude.json"));
    expect(await mcp("add", "claude-code", "--scope", "project", "--yes")).toMatchObject({ code: 125 });
    expect(await mcp("add", "cursor", "--scope", "project", "--yes")).toMatchObject({ code: 125 });
    expect(await mcp("add", "claude-code", "--yes")).toMatchObject({
      stderr: expect.stringContaining("link to nothing"),
    });
    expect(readFileSync(outside, "utf8")).toBe("{}\n");
  });

  test.each(["mkfifo", "mkdir"])("refuses what is no file, made by %s, and does not wait for it", async (program) => {
    mkdirSync(inHome(".cursor"));
    execFileSync(program, [inHome(".cursor/mcp.json")]);
    expect(await mcp("add", "cursor", "--yes")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/mcp\.json is no file\.\nhint: /),
    });
    expect((await mcp("ls")).stdout).toContain("is no file");
  });
});

describe("cos mcp ls", () => {
  test("lists the clients that have a file, what they start, and what cannot be read", async () => {
    write(inHome(".cursor/mcp.json"), '{"mcpServers": {}}');
    write(inHome(".codex/config.toml"), "= broken");
    await mcp("add", "claude-code", "--http", "https://host/mcp", "--token-env", "T", "--yes");
    await mcp("add", "vscode", "--scope", "project", "--yes");
    const { stdout } = await mcp("ls");
    expect(stdout).toMatch(/^CLIENT +SCOPE +COS +FILE\n/);
    expect(stdout).toMatch(/^claude-code +user +https:\/\/host\/mcp +\//m);
    expect(stdout).toMatch(/^cursor +user +no +\//m);
    expect(stdout).toMatch(/^vscode +project +npx -y @cos\/mcp-server --as vscode +\//m);
    expect(stdout).toMatch(/^codex +user +\S+config\.toml:1:1: /m);
    const { clients } = JSON.parse((await mcp("ls", "--json")).stdout) as { clients: object[] };
    expect(clients).toHaveLength(4);
  });

  test("says when there is none", async () => {
    expect(await mcp("ls")).toMatchObject({ code: 0, stdout: "No client that cos knows has a file here.\n" });
  });
});

test.each([
  ["darwin", {}, "claude-desktop", "/u/Library/Application Support/Claude/claude_desktop_config.json"],
  ["darwin", {}, "vscode", "/u/Library/Application Support/Code/User/mcp.json"],
  [
    "win32",
    { APPDATA: "/u/AppData/Roaming" },
    "claude-desktop",
    "/u/AppData/Roaming/Claude/claude_desktop_config.json",
  ],
  ["win32", {}, "vscode", "/u/AppData/Roaming/Code/User/mcp.json"],
  ["linux", { CLAUDE_CONFIG_DIR: "/c" }, "claude-code", "/c/.claude.json"],
  ["linux", { CODEX_HOME: "/x" }, "codex", "/x/config.toml"],
] as const)("on %s with %j, %s has the file %s", (platform, variables, client, expected) => {
  expect(fileOf(client, "user", { platform, home: "/u", env: variables, project: "/p" })).toBe(expected);
});
