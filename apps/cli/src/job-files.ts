import { open } from "node:fs/promises";
import { basename } from "node:path";
import { CosError, type FileSink } from "@cos/core";
import { LocalPlace } from "./local-files.ts";

/** Most bytes of a file that a job is given; all of them together are judged by the job. */
const maxBytes = 1024 * 1024;

/** `--file SRC:DEST`: files of this machine, or secrets, as a job takes them. */
export async function readJobFiles(given: readonly string[]): Promise<Record<string, unknown>[]> {
  return await Promise.all(
    given.map(async (text) => {
      const [, source, path] = /^(.+):(\/.*)$/s.exec(text) ?? [];
      if (source === undefined || path === undefined) {
        throw new CosError("invalid_argument", `--file ${JSON.stringify(text)} is not SRC:DEST.`, {
          hint: "As in: --file config.json:/etc/app/config.json",
        });
      }
      return source.startsWith("secret://") ? { path, content: source } : { path, ...(await readFile(source)) };
    }),
  );
}

async function readFile(source: string): Promise<Record<string, unknown>> {
  try {
    await using file = await open(source);
    const status = await file.stat();
    if (!status.isFile() || status.size > maxBytes) {
      throw new CosError("invalid_argument", `${JSON.stringify(source)} is no file, or larger than 1 MiB.`, {
        hint: "Use --mount for directories and larger files.",
      });
    }
    const content = (await file.readFile()).toString("base64");
    return { content, encoding: "base64", mode: (status.mode & 0o100) === 0 ? "644" : "755" };
  } catch (cause) {
    if (CosError.is(cause)) throw cause;
    throw new CosError("not_found", `The file ${JSON.stringify(source)} cannot be read.`, { cause });
  }
}

/** Where the artifacts of a job go. */
export interface ArtifactPlaces {
  /** The paths in the container. */
  readonly paths: readonly string[];
  readonly take: FileSink;
}

/** `--artifact PATH[:LOCAL]`: each goes below the working directory, by the name LOCAL, or its own. */
export async function openArtifactPlaces(given: readonly string[]): Promise<ArtifactPlaces> {
  const places = new Map<string, LocalPlace>();
  for (const text of given) {
    const [, path, local] = /^(\/[^:]*)(?::(?:\.\/)?(.+))?$/s.exec(text) ?? [];
    if (path === undefined) {
      throw new CosError("invalid_argument", `--artifact ${JSON.stringify(text)} is not PATH or PATH:LOCAL.`, {
        hint: "As in: --artifact /out/report.html:report.html",
      });
    }
    places.set(path, await LocalPlace.below(process.cwd(), local ?? basename(path)));
  }
  const directories = new Set<string>();
  return {
    paths: [...places.keys()],
    take: async (from, entry) => {
      if (entry.path === ".") directories.add(from);
      await places.get(from)?.write(entry, !directories.has(from));
    },
  };
}
