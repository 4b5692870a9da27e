import { posix } from "node:path";
import { CosError } from "../errors.ts";
import { type FileEntry, type FileToWrite, isRelativePath } from "../files.ts";
import type { Secrets } from "../secrets.ts";
import { contentOf } from "../spec/files.ts";
import type { WorkloadSpec } from "../spec/workload-spec.ts";

/** What a container has in its file system, by absolute path; a directory has no content. */
export type MemoryFiles = Map<string, { readonly content: Buffer | undefined; readonly mode: number }>;

/** A file system as a container begins with. */
export function createFiles(): MemoryFiles {
  return new Map(["/", "/etc", "/tmp"].map((path) => [path, { content: undefined, mode: 0o755 }]));
}

/** Reads as `containers.readFiles` says. */
export function* readFiles(
  files: MemoryFiles,
  path: string,
  limitBytes = Number.POSITIVE_INFINITY,
): Generator<FileEntry> {
  assertAbsolute(path);
  const found = files.get(path);
  if (found === undefined) {
    throw new CosError("not_found", `There is no ${JSON.stringify(path)} in the container.`, { hint: "Look at it." });
  }
  const start = path === "/" ? path : `${path}/`;
  const below = [...files]
    .filter(([name]) => name !== path && name.startsWith(start))
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  let bytes = 0;
  for (const [name, { content, mode }] of [[path, found] as const, ...below]) {
    const shown = name !== path ? name.slice(start.length) : content === undefined ? "." : posix.basename(path);
    bytes += content?.byteLength ?? 0;
    if (bytes > limitBytes) {
      throw new CosError("failed_precondition", `There are more than ${limitBytes} bytes.`, {
        hint: "Raise the limit.",
      });
    }
    if (content === undefined) yield { path: shown, type: "directory", mode, size: 0 };
    else yield { path: shown, type: "file", mode, size: content.byteLength, content: inPieces(content) };
  }
}

/** Writes as `containers.writeFiles` says. */
export async function writeFiles(
  files: MemoryFiles,
  directory: string,
  entries: AsyncIterable<FileToWrite> | Iterable<FileToWrite>,
): Promise<{ files: number; bytes: number }> {
  assertAbsolute(directory);
  const there = files.get(directory);
  if (there === undefined) throw new CosError("not_found", `There is no ${directory}.`, { hint: "Name another." });
  if (there.content !== undefined) {
    throw new CosError("failed_precondition", `${directory} is not a directory.`, { hint: "Name another." });
  }
  const written = { files: 0, bytes: 0 };
  for await (const { path, type, mode, size, content = [] } of entries) {
    if (!isRelativePath(path)) {
      throw new CosError("invalid_argument", `${JSON.stringify(path)} is no path below it.`, { hint: "Use another." });
    }
    const name = posix.join(directory, path);
    const before = files.get(name);
    if (before !== undefined && (before.content === undefined) !== (type === "directory")) {
      throw new CosError("conflict", "A file and a directory of the same name meet.", { hint: "Use another name." });
    }
    for (let parent = posix.dirname(name); !files.has(parent); parent = posix.dirname(parent)) {
      files.set(parent, { content: undefined, mode: 0o755 });
    }
    const pieces: Uint8Array[] = [];
    for await (const piece of content) pieces.push(piece);
    const bytes = Buffer.concat(pieces);
    if (bytes.byteLength !== size) {
      throw new CosError("failed_precondition", `${path} changed while it was read.`, { hint: "Try again." });
    }
    files.set(name, {
      content: type === "file" ? bytes : undefined,
      mode: (mode ?? (type === "file" ? 0o644 : 0o755)) & 0o777,
    });
    if (type === "file") written.files++;
    written.bytes += size;
  }
  return written;
}

/** The files that a workload begins with, with the values of secrets. */
export function toFiles({ files }: WorkloadSpec, secrets: Secrets): FileToWrite[] {
  return files.map((file) => {
    const bytes = file.encoding === "utf8" ? Buffer.from(secrets.valueOf(file.content)) : contentOf(file);
    const mode = Number.parseInt(file.mode, 8);
    return { path: file.path.slice(1), type: "file", mode, size: bytes.byteLength, content: [bytes] };
  });
}

function assertAbsolute(path: string): void {
  if (path === "/" || (path.startsWith("/") && isRelativePath(path.slice(1)))) return;
  throw new CosError("invalid_argument", "Files in containers are named by absolute paths.", { hint: "Give one." });
}

async function* inPieces(content: Buffer): AsyncGenerator<Uint8Array> {
  if (content.byteLength > 0) yield content;
}
