import type { ContainerSummary } from "@cos/control-plane";
import { CosError, printable } from "@cos/core";
import { exitCodes } from "./exit-codes.ts";
import { performHere, withSession } from "./perform.ts";
import { printError, printJson } from "./printing.ts";
import type { Action } from "./program.ts";
import type { Session } from "./session.ts";

interface ReapResult {
  readonly removed: readonly ContainerSummary[];
  readonly killed: readonly ContainerSummary[];
  readonly failed: readonly unknown[];
}

/** `cos reap`: once, or with --watch again and again until it is interrupted, saying what it did whenever it did something. */
export const reap: Action = (operation, input, settings) =>
  withSession(settings, async (session) => {
    const reapOnce = async () => {
      const { result, text } = await performHere(session, operation, input);
      const { removed, killed, failed } = result as ReapResult;
      const nothing = removed.length + killed.length + failed.length === 0;
      if (settings.watchSeconds !== undefined && nothing) return;
      if (settings.json && settings.watchSeconds !== undefined) process.stdout.write(`${JSON.stringify(result)}\n`);
      else if (settings.json) printJson(result);
      else if (settings.quiet) process.stdout.write(removed.map(({ id }) => `${id.slice(0, 12)}\n`).join(""));
      else process.stdout.write(`${printable(text)}\n`);
    };
    if (settings.watchSeconds === undefined) await reapOnce();
    else await watch(session, settings.watchSeconds, reapOnce);
    return session.interruption.code() ?? exitCodes.ok;
  });

/** An engine that does not answer now may do so the next time; what is refused once is refused again. */
async function watch({ settings, interruption }: Session, seconds: number, deed: () => Promise<void>): Promise<void> {
  const { signal } = interruption;
  while (!signal.aborted) {
    try {
      await deed();
    } catch (error) {
      if (signal.aborted) return;
      if (CosError.is(error) && (error.code === "denied" || error.code === "invalid_argument")) throw error;
      printError(error, settings.json);
    }
    await passed(seconds, signal);
  }
}

function passed(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, seconds * 1000);
    function end() {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    }
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
  });
}
