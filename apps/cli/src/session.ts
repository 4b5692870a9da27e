import { type Caller, openControlPlane, type OpenControlPlane } from "@cos/control-plane";
import { exitCodes } from "./exit-codes.ts";

/** One run of the command: its control plane, who it acts for, and what interrupts it. */
export interface Session extends AsyncDisposable {
  readonly controlPlane: OpenControlPlane;
  readonly caller: Caller;
  /** Aborted by the first SIGINT or SIGTERM, or when nobody reads the output any more. */
  readonly signal: AbortSignal;
  /** The exit code that the interruption asks for. */
  interruption(): number | undefined;
}

/** Opens a session. A second Ctrl-C ends the process at once; what is left behind is reaped later. */
export function openSession(): Session {
  const controlPlane = openControlPlane({ writer: "cli" });
  const abort = new AbortController();
  let interruption: number | undefined;
  const interrupt = (code: number) => {
    if (interruption !== undefined) process.exit(code);
    interruption = code;
    abort.abort();
  };
  const onInterrupt = () => interrupt(exitCodes.interrupted);
  const onTerminate = () => interrupt(exitCodes.terminated);
  const onPipeClosed = (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") return;
    interruption ??= exitCodes.ok;
    abort.abort();
  };
  process.on("SIGINT", onInterrupt).on("SIGTERM", onTerminate).on("SIGHUP", onTerminate);
  process.stdout.on("error", onPipeClosed);
  return {
    controlPlane,
    caller: {
      kind: process.stdin.isTTY && process.stdout.isTTY ? "terminal" : "script",
      name: "user",
      hostRoots: [process.cwd()],
    },
    signal: abort.signal,
    interruption: () => interruption,
    async [Symbol.asyncDispose]() {
      await controlPlane.close({ handOver: true });
      process.off("SIGINT", onInterrupt).off("SIGTERM", onTerminate).off("SIGHUP", onTerminate);
    },
  };
}
