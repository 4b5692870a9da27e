import { CosError } from "@cos/core";
import { type ClientName, clientOf, fileOf, ownKeys } from "./clients.ts";
import { type ConfigFile, readConfigFile, withoutMark, writeConfigFile } from "./config-file.ts";
import type { ConfigLanguage, Entry, Place } from "./config-text.ts";
import type { Machine } from "./machine.ts";
import type { Scope } from "./server.ts";

/** The name of cos among a client's servers. */
const serverName = "cos";

/** What would become of a client's file. */
export interface Plan {
  readonly client: ClientName;
  readonly scope: Scope;
  readonly file: ConfigFile;
  readonly change: "added" | "replaced" | "removed" | "unchanged";
  /** What the client was told of cos before. */
  readonly previous: unknown;
  readonly text: string;
}

/** Whose file, and what its entry is to be; undefined takes it away. */
export interface Wanted {
  readonly client: ClientName;
  readonly scope: Scope;
  readonly entry: Entry | undefined;
}

/**
 * Works out what would become of the client's file, and changes nothing.
 *
 * @throws CosError `failed_precondition` when it cannot be read, or not be changed safely.
 */
export async function planChange({ client, scope, entry }: Wanted, machine: Machine): Promise<Plan> {
  const { defaults = {} } = clientOf(client);
  const [language, place] = await languageOf(client);
  const file = await readClientFile(client, scope, machine);
  const [config, marked] = withoutMark(file);
  const previous = language.read(config, place);
  const change = { set: entry ?? {}, defaults, drop: ownKeys };
  const text = entry === undefined ? language.withoutEntry(config, place) : language.withEntry(config, place, change);
  const became = entry === undefined ? "removed" : previous === undefined ? "added" : "replaced";
  const unchanged = text === config.text;
  return { client, scope, file, change: unchanged ? "unchanged" : became, previous, text: marked(text) };
}

/**
 * Carries out a plan. Others may have changed the file since: their changes stay, and if they concern cos, nothing is
 * done.
 *
 * @throws CosError `conflict`, or as {@link planChange}
 */
export async function carryOut(plan: Plan, wanted: Wanted, machine: Machine): Promise<void> {
  const present = await planChange(wanted, machine);
  if (JSON.stringify(present.previous) !== JSON.stringify(plan.previous)) {
    throw new CosError("conflict", `${plan.file.file} was changed meanwhile.`, { hint: "Do it again." });
  }
  await writeConfigFile(present.file, present.text, wanted.scope === "user");
}

/** What a client is told of cos; undefined when it knows nothing of it. Whether it has a file says `exists`. */
export async function readEntry(client: ClientName, scope: Scope, machine: Machine) {
  const [language, place] = await languageOf(client);
  const file = await readClientFile(client, scope, machine);
  const [config] = withoutMark(file);
  return { exists: file.exists, entry: file.exists ? language.read(config, place) : undefined };
}

async function readClientFile(client: ClientName, scope: Scope, machine: Machine): Promise<ConfigFile> {
  const within = scope === "project" ? machine.project : undefined;
  return await readConfigFile(fileOf(client, scope, machine), within);
}

async function languageOf(client: ClientName): Promise<readonly [ConfigLanguage, Place]> {
  const { language, table } = clientOf(client);
  const place = { table, name: serverName };
  if (language === "toml") return [(await import("./toml-config.ts")).tomlConfig, place];
  return [(await import("./json-config.ts")).jsonConfig, place];
}
