import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { parseEnv } from "node:util";
import { assertUsable, CosError, toSecretName } from "@cos/core";
import { parseDocument } from "@cos/policy";
import * as z from "zod";
import { once } from "./once.ts";
import { readPrivateText } from "./private-file.ts";

/** Longest file that a secret is read from, in bytes. */
const maxFileBytes = 64 * 1024;

const secretEntry = once(() => {
  const path = z.string().max(4096).refine(isAbsolute, { error: "expected an absolute path" });
  const variable = z.string().regex(/^[^=\0]{1,256}$/, { error: "expected the name of a variable" });
  return z
    .strictObject({
      env: variable.optional().describe("A variable of cos's own environment."),
      file: path.optional().describe("A file; one line end at its end does not count."),
      envFile: path.optional().describe("A file of lines NAME=value; needs variable."),
      variable: variable.optional().describe("The name in envFile."),
    })
    .refine(({ env, file, envFile }) => [env, file, envFile].filter((way) => way !== undefined).length === 1, {
      error: "expected exactly one of env, file, or envFile with variable",
    })
    .refine(({ envFile, variable: name }) => (envFile === undefined) === (name === undefined), {
      error: "envFile and variable go together",
    });
});
const secretsTable = once(() => {
  const secretName = z.string().refine((name) => toSecretName(`secret://${name}`) !== undefined, {
    error: "expected 1-64 letters, digits and . _ - as the name of a secret",
  });
  return z.record(secretName, secretEntry());
});

type SecretEntry = z.output<ReturnType<typeof secretEntry>>;

/** A secret as the table names it. Its value is not here. */
export interface SecretListing {
  readonly name: string;
  /** Where its value comes from, in words. */
  readonly source: string;
  /** Why it cannot be had; undefined when it can. */
  readonly problem?: string | undefined;
}

/** The operator's table of secrets. It is read anew each time, so a change holds from the next call on. */
export interface SecretsTable {
  /**
   * The value of a secret.
   *
   * @throws CosError `not_found` when the table does not name it, or what it names is not there; `invalid_argument` with
   * line and column when the table is not right; `failed_precondition` when a value cannot be used.
   */
  get(name: string): Promise<string>;
  /** All of them, by name, and whether each can be had. @throws CosError as `get` when the table is not right. */
  list(): Promise<readonly SecretListing[]>;
}

/** @param env the environment that entries with `env` name variables of. */
export function openSecretsTable(file: string, env: NodeJS.ProcessEnv): SecretsTable {
  const read = async () => {
    const text = readPrivateText({ path: file, what: "table of secrets", readable: true });
    return text === undefined ? undefined : await parseDocument(text, file, secretsTable());
  };
  return {
    async get(name) {
      const table = await read();
      const entry = table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
      if (entry !== undefined) return await valueOf(name, entry, env);
      throw new CosError("not_found", `There is no secret ${name}.`, {
        hint:
          table === undefined
            ? `The operator can set it up in ${file}, e.g. "${name}: {env: ${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}}".`
            : `The operator can set it up in ${file}. See: cos secrets ls`,
      });
    },
    async list() {
      const entries = Object.entries((await read()) ?? {}).toSorted(([one], [other]) => (one < other ? -1 : 1));
      return await Promise.all(
        entries.map(async ([name, entry]) => {
          const problem = await valueOf(name, entry, env).then(
            () => undefined,
            (error: unknown) => CosError.from(error).message,
          );
          return { name, source: toSource(entry), ...(problem === undefined ? {} : { problem }) };
        }),
      );
    },
  };
}

function toSource({ env, file, envFile, variable: name }: SecretEntry): string {
  if (env !== undefined) return `variable ${env} of cos's environment`;
  return file === undefined ? `variable ${name} in ${envFile}` : `file ${file}`;
}

async function valueOf(name: string, entry: SecretEntry, env: NodeJS.ProcessEnv): Promise<string> {
  const value = await findValue(entry, env);
  if (value === undefined) {
    throw new CosError("not_found", `The secret ${name} is not there: no ${toSource(entry)}.`, {
      hint: "See: cos secrets check",
    });
  }
  assertUsable(name, value);
  return value;
}

async function findValue(entry: SecretEntry, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (entry.env !== undefined) return env[entry.env];
  const file = entry.file ?? entry.envFile ?? "";
  const text = await readSecretFile(file);
  if (text === undefined || entry.file !== undefined) return text?.replace(/\r?\n$/, "");
  const variables = parseEnv(text);
  return Object.hasOwn(variables, entry.variable ?? "") ? variables[entry.variable ?? ""] : undefined;
}

/** The text of a file; undefined when there is none. */
async function readSecretFile(file: string): Promise<string | undefined> {
  try {
    // Opening a pipe would wait for a writer.
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await handle.stat()).isFile()) throw unusable(file, "is not a file");
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(maxFileBytes + 1), 0, maxFileBytes + 1, 0);
    if (bytesRead > maxFileBytes) throw unusable(file, "is longer than 64 KiB");
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(buffer.subarray(0, bytesRead));
  } catch (cause) {
    if (CosError.is(cause)) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unusable(file, cause instanceof TypeError ? "is not text" : "cannot be read", cause);
  }
}

function unusable(file: string, why: string, cause?: unknown): CosError {
  return new CosError("failed_precondition", `The file ${JSON.stringify(file)} of a secret ${why}.`, {
    hint: "See: cos secrets check",
    cause,
  });
}
