import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { CosError } from "@cos/core";

/** Where Docker's client keeps its configuration: `DOCKER_CONFIG`, else `.docker` in the home directory, if there is one. */
export function dockerConfigDirectory(env: NodeJS.ProcessEnv, home = homeDirectory(env)): string | undefined {
  return env["DOCKER_CONFIG"] || (home === undefined ? undefined : join(home, ".docker"));
}

/** The user's home directory; undefined for a user without one, as in containers with an arbitrary user id. */
export function homeDirectory(env: NodeJS.ProcessEnv): string | undefined {
  if (env["HOME"]) return env["HOME"];
  try {
    return homedir();
  } catch {
    return undefined;
  }
}

/**
 * Docker's `config.json`, or an empty object when there is none.
 *
 * @throws CosError `failed_precondition` when it is there and cannot be read.
 */
export function readDockerConfig(directory: string | undefined): Readonly<Record<string, unknown>> {
  return directory === undefined ? {} : (readJsonObject(join(directory, "config.json")) ?? {});
}

/**
 * A file that contains one JSON object. Nothing of its content appears in errors.
 *
 * @returns undefined when there is no such file.
 * @throws CosError `failed_precondition` when it cannot be read or contains something else.
 */
export function readJsonObject(path: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = readOptionalFile(path);
  if (bytes === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString("utf8"));
  } catch {
    // The parser's own message quotes the text, which may contain credentials.
  }
  if (isObject(parsed)) return parsed;
  throw new CosError("failed_precondition", `${path} is not a JSON object.`, {
    hint: "Repair the file, move it away, or set DOCKER_CONFIG to another directory.",
  });
}

/** The content of a file, or undefined when there is none. @throws CosError `failed_precondition` */
export function readOptionalFile(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new CosError("failed_precondition", `${path} cannot be read (${code ?? "unknown reason"}).`, {
      hint: "Check who may read the file, or set DOCKER_CONFIG to another directory.",
      cause,
    });
  }
}

/** Whether a parsed JSON value is an object, not an array or null. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
