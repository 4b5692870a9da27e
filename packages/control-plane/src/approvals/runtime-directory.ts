import { existsSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { CosError } from "@cos/core";

/** Process id and 64 random bits: names a server for as long as it lives, and no other ever. */
export const serverIdForm = /^[1-9][0-9]{0,9}-[0-9a-f]{16}$/;
const socketForm = /^approvals-([1-9][0-9]{0,9}-[0-9a-f]{16})\.sock$/;

/** The shortest of what systems allow for the path of a Unix socket, in bytes. */
const maxSocketPathBytes = 103;

/**
 * Makes the directory where servers listen, for this user alone, or checks the one that is there.
 *
 * @throws CosError `failed_precondition` when it cannot be made, or others could put something into it.
 */
export function ensureRuntimeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new CosError("failed_precondition", `The runtime directory ${directory} cannot be made.`, { hint, cause });
  }
  assertPrivate(directory, [process.getuid?.(), 0]);
}

/**
 * The servers that have a socket in the directory, by their ids. None when there is no directory. Root may look into
 * anybody's.
 *
 * @throws CosError `failed_precondition` when it cannot be read, or others could have put them there.
 */
export function findServers(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const me = process.getuid?.();
  assertPrivate(directory, me === 0 ? undefined : [me, 0]);
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
      const id = socketForm.exec(entry.name)?.[1];
      return id !== undefined && entry.isSocket() ? [id] : [];
    });
  } catch (cause) {
    throw new CosError("failed_precondition", `The runtime directory ${directory} cannot be read.`, { hint, cause });
  }
}

/**
 * Where a server listens.
 *
 * @throws CosError `failed_precondition` when the path is too long for a Unix socket.
 */
export function socketPath(directory: string, id: string): string {
  const path = join(directory, `approvals-${id}.sock`);
  if (Buffer.byteLength(path) <= maxSocketPathBytes) return path;
  throw new CosError("failed_precondition", `The path of the runtime directory ${directory} is too long for sockets.`, {
    hint: "Set COS_RUNTIME_DIR to a directory with a shorter path.",
  });
}

const hint = "Set COS_RUNTIME_DIR to a directory of your own that has mode 700, or to one that cos can make.";

/** Nobody but its owner and root can list it or put anything into it, and it is itself and no link to another. */
function assertPrivate(directory: string, owners: readonly (number | undefined)[] | undefined): void {
  // A slash at the end would follow a link.
  const stats = lstatSync(resolve(directory));
  const problems = [
    !stats.isDirectory() && "is not a directory itself",
    owners?.includes(stats.uid) === false && "belongs to another user",
    (stats.mode & 0o077) !== 0 && "can be used by other users",
  ];
  const problem = problems.find((text) => text !== false);
  if (problem === undefined) return;
  throw new CosError("failed_precondition", `The runtime directory ${directory} ${problem}.`, { hint });
}
