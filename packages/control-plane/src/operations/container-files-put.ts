import { realpath } from "node:fs/promises";
import { posix, resolve } from "node:path";
import {
  areDecodable,
  contentOf,
  CosError,
  digestOf,
  type Engine,
  type FileToWrite,
  type FileSpec,
  fileSpec,
  findSecretNames,
  isReferenceOrPlain,
  isRelativePath,
  withSecrets,
  workloadInput,
} from "@cos/core";
import { type HostFiles, openHostFiles } from "@cos/docker";
import * as z from "zod";
import { assertManaged } from "../managed-container.ts";
import { defineOperation, type OperationContext } from "../operation.ts";
import { containerReference, resolveContainer } from "../resolve.ts";

const writesTo = "Files are written only into containers that it made.";

const inputSchema = () =>
  z
    .strictObject({
      container: containerReference(),
      path: workloadInput.shape.artifacts
        .unwrap()
        .element.describe("Absolute path of a directory; with `source` also a new name in one."),
      files: z
        .array(
          z.strictObject({
            ...fileSpec.shape,
            path: z
              .string()
              .refine(isRelativePath, { error: "expected a relative path below the directory" })
              .describe("Relative to `path`; missing directories are made."),
          }),
        )
        .min(1)
        .max(64)
        .optional()
        .describe("Files to write, 1 MiB together."),
      source: z
        .string()
        .min(1)
        .max(4096)
        .optional()
        .describe("File or directory of this machine, below a configured root."),
    })
    .refine(({ files, source }) => (files === undefined) !== (source === undefined), {
      error: "give either `files` or `source`",
    })
    .refine(({ files = [] }) => areDecodable(files), {
      error: "`files` are not base64, or larger than 1 MiB together: use `source`",
    })
    .refine(({ files = [] }) => textsOf(files).every(isReferenceOrPlain), {
      error: 'a reference to a secret is "secret://" and its name, and nothing else',
    });

export const containerFilesPut = defineOperation({
  name: "container_files_put",
  title: "Put files into a container",
  description:
    "Writes files into a container that cos made, running or not: small ones given as `files`, or what `source` names on this machine. Use it to change what exists; use `files` of container_run for what a job needs, container_files_get to read. A file replaces a file or link of its name, never a directory; nothing else is removed. Files belong to the container's user if it is a number, else to root. A read-only root or volume, a host path or a tmpfs cannot be written to. What was written before a failure stays.",
  effect: "mutate",
  input: inputSchema,
  output: () =>
    z.strictObject({
      containerId: z.string(),
      name: z.string(),
      path: z.string(),
      written: z.int().min(0).describe("Files written."),
      bytes: z.int().min(0),
      skipped: z.array(z.strictObject({ path: z.string(), reason: z.string() })).describe("Of `source`; at most 1000."),
    }),
  target: (context, { container }) => resolveContainer(context, container),
  asks: async (_, { files = [], source }) => ({
    hostPaths: source === undefined ? [] : [await realpath(source).catch(() => resolve(source))],
    secrets: findSecretNames(textsOf(files)).length > 0,
  }),
  preview: async (context, { path, files = [], source }, target) => {
    assertManaged(target, writesTo);
    const { id, name } = target;
    const host =
      source === undefined ? undefined : await openHostFiles(source, context.caller.hostRoots, context.signal);
    const secrets = findSecretNames(textsOf(files));
    const what =
      host === undefined
        ? files.map((file) => JSON.stringify(file.path)).join(", ")
        : `${host.files} file${host.files === 1 ? "" : "s"} (${host.bytes} bytes) of ${JSON.stringify(source)} of this machine`;
    return {
      text: [
        `Write ${what} to ${JSON.stringify(path)} in container ${name} (${id.slice(0, 12)}). Files of the same names are replaced.`,
        ...secrets.map((secret) => `The secret ${secret} gets into it.`),
      ].join(" "),
      changes: {
        action: "put",
        container: { id, name },
        path,
        ...(host === undefined
          ? { files: files.map(({ content, ...file }) => ({ ...file, sha256: digestOf(content) })) }
          : { source: await realpath(source ?? ""), files: host.files, bytes: host.bytes }),
        ...(secrets.length === 0 ? {} : { secrets }),
      },
    };
  },
  run: async (context, input, target) => {
    assertManaged(target, writesTo);
    const { id, name } = target;
    const { engine, caller, secrets, signal } = context;
    const { path, files = [], source } = input;
    if (source === undefined) {
      const written = await withSecrets(textsOf(files), secrets, async (opened) => {
        const entries = files.map((file) => toEntry(file, (text) => opened.valueOf(text)));
        return await engine.containers.writeFiles(id, path, entries, { signal });
      });
      return { containerId: id, name, path, written: written.files, bytes: written.bytes, skipped: [] };
    }
    const host = await openHostFiles(source, caller.hostRoots, signal);
    const place = await findPlace(context, id, path, host);
    const written = await engine.containers.writeFiles(id, place.directory, toEntries(host, place.as), { signal });
    const skipped = host.skipped.slice(0, 1000).map((entry) => ({ ...entry }));
    const into = posix.join(place.directory, place.as);
    return { containerId: id, name, path: into, written: written.files, bytes: written.bytes, skipped };
  },
  format: ({ name, path, written, bytes, skipped }) =>
    [
      `wrote ${written} file${written === 1 ? "" : "s"} (${bytes} bytes) to ${path} in ${name}`,
      ...skipped.map((entry) => `skipped ${entry.path}: ${entry.reason}`),
    ].join("\n"),
});

function textsOf(files: readonly FileSpec[]): string[] {
  return files.filter(({ encoding }) => encoding === "utf8").map(({ content }) => content);
}

function toEntry(file: FileSpec, valueOf: (text: string) => string): FileToWrite {
  const bytes = file.encoding === "utf8" ? Buffer.from(valueOf(file.content)) : contentOf(file);
  return {
    path: file.path,
    type: "file",
    mode: Number.parseInt(file.mode, 8),
    size: bytes.byteLength,
    content: [bytes],
  };
}

/** Where a file or directory of this machine goes: under its own name into a directory, else under the name that was given. */
async function findPlace(
  { engine, signal }: OperationContext,
  id: string,
  path: string,
  host: HostFiles,
): Promise<{ readonly directory: string; readonly as: string }> {
  if ((await findType(engine, id, path, signal)) === "directory") return { directory: path, as: host.name };
  return { directory: posix.dirname(path), as: posix.basename(path) };
}

async function findType(
  engine: Engine,
  id: string,
  path: string,
  signal: AbortSignal,
): Promise<"file" | "directory" | "symlink" | "other" | undefined> {
  try {
    for await (const { type } of engine.containers.readFiles(id, path, { signal })) return type;
  } catch (error) {
    if (!CosError.is(error) || error.code !== "not_found") throw error;
  }
  return undefined;
}

function toEntries({ type, entries }: HostFiles, as: string): FileToWrite[] {
  if (type === "file") return entries.map((entry) => ({ ...entry, path: as }));
  const directory: FileToWrite = { path: as, type: "directory", mode: 0o755, size: 0 };
  return [directory, ...entries.map((entry) => ({ ...entry, path: `${as}/${entry.path}` }))];
}
