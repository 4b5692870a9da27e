import { join } from "node:path";
import { CosError } from "@cos/core";
import type { Entry } from "./config-text.ts";
import { type Machine, settingsDirectory } from "./machine.ts";
import type { Scope, ServerToAdd } from "./server.ts";

/** A program that speaks MCP, and how it is told of servers. */
export interface Client {
  readonly title: string;
  readonly language: "json" | "toml";
  /** The table that the servers stand in. */
  readonly table: string;
  /** The file for each scope that the client has. */
  readonly files: { readonly user: (machine: Machine) => string; readonly project?: string };
  /** How its configuration writes the project's directory. */
  readonly projectFolder: string;
  /** The server in the client's words. */
  readonly toEntry: (server: ServerToAdd) => Entry;
  /** What its entry gets if it has none yet. */
  readonly defaults?: Entry;
  /** What makes the client take notice. */
  readonly next: (scope: Scope) => string;
}

/** What of an entry is ours, in any client's words; the rest is the user's. */
export const ownKeys = ["type", "command", "args", "url", "headers", "bearer_token_env_var"] as const;

const claudeCode: Client = {
  title: "Claude Code",
  language: "json",
  table: "mcpServers",
  files: {
    user: ({ env, home }) => join(env["CLAUDE_CONFIG_DIR"] || home, ".claude.json"),
    project: ".mcp.json",
  },
  projectFolder: ".",
  toEntry: (server) =>
    server.transport === "stdio"
      ? { type: "stdio", command: server.command, args: server.args }
      : { type: "http", url: server.url, ...toHeaders(server.tokenEnv, (name) => `\${${name}}`) },
  next: (scope) =>
    scope === "user" ? "Start a new session; /mcp shows it." : "Start a new session here, which asks to trust it.",
};

const claudeDesktop: Client = {
  title: "Claude Desktop",
  language: "json",
  table: "mcpServers",
  files: { user: (machine) => join(settingsDirectory(machine), "Claude", "claude_desktop_config.json") },
  projectFolder: ".",
  toEntry: (server) => {
    if (server.transport === "stdio") return { command: server.command, args: server.args };
    throw new CosError("unsupported", "Claude Desktop's file names servers that it starts, none that listen.", {
      hint: "Leave out --http, or add the address as a connector in its settings.",
    });
  },
  next: () => "Quit Claude Desktop and start it again.",
};

const cursor: Client = {
  title: "Cursor",
  language: "json",
  table: "mcpServers",
  files: { user: ({ home }) => join(home, ".cursor", "mcp.json"), project: join(".cursor", "mcp.json") },
  projectFolder: "${workspaceFolder}",
  toEntry: (server) =>
    server.transport === "stdio"
      ? { type: "stdio", command: server.command, args: server.args }
      : { url: server.url, ...toHeaders(server.tokenEnv, (name) => `\${env:${name}}`) },
  next: () => "Cursor lists it in its settings, under MCP; switch it on there.",
};

const vscode: Client = {
  title: "VS Code",
  language: "json",
  table: "servers",
  files: {
    user: (machine) => join(settingsDirectory(machine), "Code", "User", "mcp.json"),
    project: join(".vscode", "mcp.json"),
  },
  projectFolder: "${workspaceFolder}",
  toEntry: (server) =>
    server.transport === "stdio"
      ? { type: "stdio", command: server.command, args: server.args }
      : { type: "http", url: server.url, ...toHeaders(server.tokenEnv, (name) => `\${env:${name}}`) },
  next: () => "Run “MCP: List Servers” in VS Code to start it; it asks to trust it first.",
};

const codex: Client = {
  title: "Codex",
  language: "toml",
  table: "mcp_servers",
  files: {
    user: ({ env, home }) => join(env["CODEX_HOME"] || join(home, ".codex"), "config.toml"),
    project: join(".codex", "config.toml"),
  },
  projectFolder: ".",
  toEntry: (server) =>
    server.transport === "stdio"
      ? { command: server.command, args: server.args }
      : { url: server.url, ...(server.tokenEnv === undefined ? {} : { bearer_token_env_var: server.tokenEnv }) },
  // Its own are 10 s, in which npx may still be installing, and 60 s, in which jobs may still run.
  defaults: { startup_timeout_sec: 60, tool_timeout_sec: 600 },
  next: (scope) =>
    scope === "user"
      ? "Start a new session; /mcp shows it."
      : "Start a new session; Codex reads this file in projects that you trust.",
};

/** The clients that cos knows, by the name that each also acts under unless told otherwise. */
export const clients = {
  "claude-code": claudeCode,
  "claude-desktop": claudeDesktop,
  cursor,
  vscode,
  codex,
} as const satisfies Readonly<Record<string, Client>>;

export type ClientName = keyof typeof clients;

export const clientNames = Object.keys(clients) as ClientName[];

/** The clients by name, as what all of them have in common. */
export const clientOf = (name: ClientName): Client => clients[name];

/**
 * The file in which a client is told of servers.
 *
 * @throws CosError `unsupported` when the client has no such scope.
 */
export function fileOf(name: ClientName, scope: Scope, machine: Machine): string {
  const { title, files } = clientOf(name);
  if (scope === "user") return files.user(machine);
  if (files.project !== undefined) return join(machine.project, files.project);
  throw new CosError("unsupported", `${title} has no configuration of single projects.`, {
    hint: "Leave out --scope, or give user.",
  });
}

/** A header that names the variable that the token is in. */
function toHeaders(tokenEnv: string | undefined, toReference: (name: string) => string): Entry {
  return tokenEnv === undefined ? {} : { headers: { Authorization: `Bearer ${toReference(tokenEnv)}` } };
}
