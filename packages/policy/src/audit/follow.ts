import { type FSWatcher, watch } from "node:fs";
import { CosError } from "@cos/core";
import { listLogFiles, type LogFile, parseFileName } from "./files.ts";

/** A watch over the files of a log. */
export interface Watching {
  /** The files that were written since the last time; waits until there is one. Undefined once the signal has aborted. */
  changed(): Promise<readonly LogFile[] | undefined>;
  close(): void;
}

/**
 * Watches the files of a log from now on.
 *
 * @throws CosError `failed_precondition` when the directory cannot be watched, as when it is not there.
 */
export function watchLog(directory: string, signal: AbortSignal | undefined): Watching {
  const written = new Map<string, LogFile>();
  let wake = () => {};
  let state: "open" | "closed" | { readonly error: unknown } = "open";
  const end = (how: typeof state) => {
    state = how;
    wake();
  };

  const watcher = start(directory, signal);
  // Some systems do not say which file it was.
  watcher.on("change", (_, name) => {
    for (const file of name === null ? listLogFiles(directory) : [parseFileName(String(name))]) {
      if (file !== undefined) written.set(file.name, file);
    }
    wake();
  });
  watcher.on("error", (error) => end({ error }));
  watcher.on("close", () => end("closed"));

  return {
    async changed() {
      while (state === "open" && written.size === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (state === "closed") return undefined;
      if (state !== "open") throw cannotBeFollowed(state.error);
      const files = [...written.values()];
      written.clear();
      return files;
    },
    close: () => watcher.close(),
  };
}

function start(directory: string, signal: AbortSignal | undefined): FSWatcher {
  try {
    return watch(directory, signal === undefined ? {} : { signal });
  } catch (cause) {
    throw cannotBeFollowed(cause);
  }
}

function cannotBeFollowed(cause: unknown): CosError {
  return new CosError("failed_precondition", "The audit log cannot be followed.", {
    hint: "Its directory is made with the first record; see that it is there and can be read.",
    cause,
  });
}
