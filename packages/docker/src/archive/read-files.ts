import type { IncomingMessage } from "node:http";
import { posix } from "node:path";
import { CosError, type FileEntry, isRelativePath, printable, type ReadFilesOptions } from "@cos/core";
import { inspectContainer } from "../containers/inspect.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { readBytes } from "../transport/read-bytes.ts";
import { toArchiveRefusal } from "./archive-refusal.ts";
import { assertContainerPath, assertReachable, isContainerPath } from "./container-path.ts";
import { readTar, type TarMember } from "./read-tar.ts";

/** The bit of a symbolic link in a mode as the engine writes it. */
const linkBit = 2 ** 27;

/**
 * A file of a container, or everything below a directory, as the engine sends it. A path that is a symbolic link means
 * what it leads to inside the container; links below are named and not followed.
 *
 * @throws CosError `not_found`, `failed_precondition` (more bytes than the limit, too many files), `invalid_argument`,
 * `unavailable`, `deadline_exceeded`, `cancelled`.
 */
export async function* readFiles(
  client: EngineClient,
  id: string,
  path: string,
  { limitBytes = Number.POSITIVE_INFINITY, signal }: ReadFilesOptions = {},
): AsyncGenerator<FileEntry> {
  assertContainerPath(path);
  assertReachable(path, (await inspectContainer(client, id, signal)).HostConfig);
  const response = await open(client, id, path, signal);
  const toEntry = entryReader(path);
  let bytes = 0;
  try {
    for await (const member of readTar(readBytes(response, { what: "files", signal }))) {
      const entry = toEntry(member);
      bytes += entry.size;
      if (bytes > limitBytes) {
        throw new CosError("failed_precondition", `There are more than ${limitBytes} bytes.`, {
          hint: "Raise the limit, or name a file or directory below it.",
        });
      }
      yield entry;
    }
  } finally {
    response.destroy();
  }
}

async function open(
  client: EngineClient,
  id: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  const get = (named: string) =>
    client.stream("GET", ["containers", id, "archive"], { query: { path: named }, signal }).catch((error: unknown) => {
      throw toArchiveRefusal(error, id, path);
    });
  const response = await get(path);
  const target = linkTargetOf(response);
  if (target === undefined || target === path) return response;
  response.destroy();
  return await get(target);
}

/** Where the named path leads to, if it is a symbolic link. The engine has resolved it within the container. */
function linkTargetOf({ headers }: IncomingMessage): string | undefined {
  try {
    const text = Buffer.from(String(headers["x-docker-container-path-stat"]), "base64").toString("utf8");
    const { mode, linkTarget } = JSON.parse(text) as { mode?: unknown; linkTarget?: unknown };
    const isLink = typeof mode === "number" && Math.floor(mode / linkBit) % 2 === 1;
    return isLink && typeof linkTarget === "string" && isContainerPath(linkTarget) ? linkTarget : undefined;
  } catch {
    return undefined;
  }
}

/** Translates the entries of one archive; its first entry is what was asked for, and all others must lie below it. */
function entryReader(asked: string): (member: TarMember) => FileEntry {
  let root: string | undefined;
  return ({ header, size, content }) => {
    const name = header.name.replace(/\/$/, "");
    root ??= name;
    const type = kindOf(header.type);
    const path = name === root ? (type === "directory" ? "." : posix.basename(asked)) : below(root, name);
    const mode = (header.mode ?? 0) & 0o777;
    const reason = type === "other" || type === "symlink" ? whatItIs(header.type) : undefined;
    if (path === undefined || (path !== "." && !isRelativePath(path))) {
      return { path: shown(name), type: "other", mode, size: 0, skipped: "its name is not safe to use" };
    }
    if (type === "file") return { path, type, mode, size, content };
    return { path, type, mode, size: 0, ...(reason === undefined ? {} : { skipped: reason }) };
  };
}

function below(root: string, name: string): string | undefined {
  const start = `${root}/`;
  return name.startsWith(start) ? name.slice(start.length) : undefined;
}

function kindOf(type: string | null | undefined): FileEntry["type"] {
  if (type === "file" || type === "contiguous-file") return "file";
  return type === "directory" || type === "symlink" ? type : "other";
}

function whatItIs(type: string | null | undefined): string {
  if (type === "symlink") return "it is a symbolic link";
  if (type === "link") return "it is a hard link to another file";
  return "it is neither a file nor a directory";
}

/** A name that may be anything, as one short line. */
function shown(name: string): string {
  const line = printable(name).replace(/[\n\t]/g, " ");
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}
