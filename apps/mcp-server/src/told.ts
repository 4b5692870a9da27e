import { constants } from "node:os";

/**
 * Aborts when this process is told to end, by a signal or because nobody reads its output. From then on it is about to
 * exit. A second signal makes it do so at once; what is left behind then is reaped later.
 */
export function untilToldToEnd(): AbortSignal {
  const told = new AbortController();
  let signalled = false;
  for (const name of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (signalled) process.exit(128 + constants.signals[name]);
      signalled = true;
      told.abort();
    });
  }
  process.stdout.on("error", () => told.abort());
  // That nobody reads complaints is no reason to end, or to fail.
  process.stderr.on("error", () => {});
  return told.signal;
}
