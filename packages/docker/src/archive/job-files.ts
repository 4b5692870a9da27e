import { contentOf, type FileSpec, type FileToWrite, type Secrets, type WorkloadSpec } from "@cos/core";
import type { EngineClient } from "../transport/engine-client.ts";
import { writeFiles } from "./write-files.ts";

/**
 * Writes the files of a job into its container, which was not started yet. Those in a volume are written through the
 * volume, which a read-only root allows too.
 *
 * @throws CosError as {@link writeFiles}.
 */
export async function writeJobFiles(
  client: EngineClient,
  id: string,
  { files, mounts }: WorkloadSpec,
  secrets: Secrets,
  signal?: AbortSignal,
): Promise<void> {
  const volumes = mounts.filter(({ type }) => type === "volume").map(({ target }) => `${target}/`);
  const groups = new Map<string, FileToWrite[]>();
  for (const file of files) {
    const start = volumes.find((target) => file.path.startsWith(target)) ?? "/";
    const group = groups.get(start) ?? [];
    groups.set(start, [...group, toFile(file, start, secrets)]);
  }
  for (const [start, group] of groups) {
    await writeFiles(client, id, start === "/" ? start : start.slice(0, -1), group, { signal });
  }
}

/** Values of secrets come in here, and nowhere before. */
function toFile(file: FileSpec, start: string, secrets: Secrets): FileToWrite {
  const bytes = file.encoding === "utf8" ? Buffer.from(secrets.valueOf(file.content)) : contentOf(file);
  return {
    path: file.path.slice(start.length),
    type: "file",
    mode: Number.parseInt(file.mode, 8),
    size: bytes.byteLength,
    content: [bytes],
  };
}
