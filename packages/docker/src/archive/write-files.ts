import { posix } from "node:path";
import { type CallOptions, CosError, type FileToWrite, isRelativePath } from "@cos/core";
import { inspectContainer } from "../containers/inspect.ts";
import { packTar } from "../tar/pack.ts";
import type { TarOwner } from "../tar/tar-header.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { toArchiveRefusal } from "./archive-refusal.ts";
import { assertContainerPath, assertWritable } from "./container-path.ts";

/** Longest that the engine may take nothing of what is sent, in milliseconds. */
const silenceMs = 120_000;

/**
 * Writes files below an existing directory of a container, which need not run. They belong to the container's user where
 * that is a number, else to root. A file replaces a file, or a link, of its name; directories that are missing are made.
 *
 * @returns how many files were written, and their bytes.
 * @throws CosError `not_found`; `conflict` when a file would replace a directory or the other way round;
 * `failed_precondition` for what is read-only, a tmpfs or a directory of the host; `invalid_argument` for a path that leads elsewhere. What was
 * sent before a failure stays written.
 */
export async function writeFiles(
  client: EngineClient,
  id: string,
  directory: string,
  entries: AsyncIterable<FileToWrite> | Iterable<FileToWrite>,
  { signal }: CallOptions = {},
): Promise<{ files: number; bytes: number }> {
  assertContainerPath(directory);
  const { Config, HostConfig, Mounts } = await inspectContainer(client, id, signal);
  const elsewhere = { Tmpfs: HostConfig.Tmpfs, Mounts };
  assertWritable(directory, elsewhere);
  const written = { files: 0, bytes: 0 };
  async function* counted() {
    for await (const entry of entries) {
      assertProper(entry);
      assertWritable(posix.join(directory, entry.path), elsewhere);
      if (entry.type === "file") written.files++;
      written.bytes += entry.size;
      yield entry;
    }
  }
  try {
    await client.call("PUT", ["containers", id, "archive"], {
      query: { path: directory, noOverwriteDirNonDir: 1 },
      archive: packTar(counted(), ownerOf(Config.User)),
      deadlineMs: silenceMs,
      signal,
    });
  } catch (error) {
    throw toArchiveRefusal(error, id, directory);
  }
  return written;
}

function assertProper({ path, size }: FileToWrite): void {
  if (isRelativePath(path) && Number.isSafeInteger(size) && size >= 0) return;
  throw new CosError("invalid_argument", `${JSON.stringify(path)} is no path below the directory.`, {
    hint: 'Expected a relative path without "..", "//" and control characters.',
  });
}

function ownerOf(user: string | undefined): TarOwner | undefined {
  const [, uid, gid = "0"] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(user ?? "") ?? [];
  return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}
