import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CosError } from "@cos/core";

/** An engine as its operator has named it. */
export interface EngineSettings {
  /** What rules, flags and the audit log call it. */
  readonly name: string;
  /** Its address; without one it is found the way the docker CLI finds it. */
  readonly host?: string | undefined;
  /** A Docker context that leads to it, instead of an address. */
  readonly context?: string | undefined;
  /** The directory with `ca.pem`, `cert.pem` and `key.pem` for an address with TLS. */
  readonly certPath?: string | undefined;
  /** See `ConnectOptions.helperImage` of `@cos/docker`. */
  readonly helperImage?: string | undefined;
  /** The file that names it; undefined for the one that is there without any. */
  readonly source?: string | undefined;
}

export interface EngineSources {
  readonly env: NodeJS.ProcessEnv;
  /** The user's config directory of cos. */
  readonly configDirectory: string;
  /** Where to begin looking upwards for a project's file; nowhere unless set. */
  readonly workingDirectory?: string | undefined;
}

/** What there is without any configuration. */
const usual: EngineSettings = { name: "local" };

const fileNames = ["cos.config.json", "cos.config.yaml", "cos.config.yml", "cos.config.toml"];

/**
 * The engines that there are, the default first: those of the user's own file (`COS_CONFIG`, or `cos.config.*` in the
 * config directory), or the one that the docker CLI would use; then those that the nearest `cos.config.*` upwards from the
 * working directory adds. Such a file may have come with somebody else's code, so it neither changes what a name means
 * already nor which engine is the default.
 *
 * @throws CosError `invalid_argument` with file, line and column when a file is not right; `failed_precondition` when one
 * cannot be read.
 */
export async function loadEngines(sources: EngineSources): Promise<readonly EngineSettings[]> {
  const { own, project } = findFiles(sources);
  if (own === undefined && project === undefined) return [usual];
  const { parseConfig } = await import("./config-file.ts");
  const read = async (file: string | undefined) =>
    file === undefined ? [] : await parseConfig(readConfig(file), file);
  const [mine, added] = [await read(own), await read(project)];
  const engines = mine.length === 0 ? [usual] : [...mine];
  for (const engine of added) {
    const taken = engines.find(({ name }) => name === engine.name);
    if (taken === undefined) engines.push(engine);
    else if (!isSame(taken, engine)) throw redefined(engine, taken);
  }
  return engines;
}

/** The file of the user, and the one of the project that the working directory belongs to, where they exist. */
function findFiles({ env, configDirectory, workingDirectory }: EngineSources) {
  const own = env["COS_CONFIG"] || firstIn(configDirectory);
  for (let directory = workingDirectory; directory !== undefined; directory = parentOf(directory)) {
    const project = firstIn(directory);
    if (project !== undefined) return { own, project: project === own ? undefined : project };
  }
  return { own, project: undefined };
}

function firstIn(directory: string): string | undefined {
  return fileNames.map((name) => join(directory, name)).find((file) => existsSync(file));
}

function parentOf(directory: string): string | undefined {
  const parent = dirname(directory);
  return parent === directory ? undefined : parent;
}

function readConfig(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CosError("failed_precondition", `The configuration ${JSON.stringify(file)} cannot be read.`, {
      hint: "Check who may read it, or name another one with COS_CONFIG.",
      cause,
    });
  }
}

function isSame(one: EngineSettings, other: EngineSettings): boolean {
  return (["host", "context", "certPath", "helperImage"] as const).every((field) => one[field] === other[field]);
}

function redefined({ name, source }: EngineSettings, taken: EngineSettings): CosError {
  return new CosError(
    "invalid_argument",
    `${source} gives another meaning to the engine ${name}, which is ${taken.source === undefined ? "found by cos itself" : `named in ${taken.source}`}.`,
    { hint: "Choose another name there, or leave it out." },
  );
}
