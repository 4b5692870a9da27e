import { exitCodes } from "./exit-codes.ts";

/** What ends a command before its time: Ctrl-C, another signal, or a reader of its output that went away. */
export interface Interruption {
  /** Aborted when the command is to end. */
  readonly signal: AbortSignal;
  /** The exit code that the interruption asks for; undefined while there is none. */
  code(): number | undefined;
  /** Gives the signals back to Node. */
  close(): void;
}

/** Watches for an interruption. A second signal ends the process at once; what is left behind is reaped later. */
export function watchForInterruption(): Interruption {
  const abort = new AbortController();
  let asked: number | undefined;
  const interrupt = (code: number) => {
    asked ??= code;
    abort.abort();
  };
  const onSignal = (code: number) => {
    if (asked !== undefined) process.exit(code);
    interrupt(code);
  };
  const onInterrupt = () => onSignal(exitCodes.interrupted);
  const onTerminate = () => onSignal(exitCodes.terminated);
  const onError = ({ code }: NodeJS.ErrnoException) => {
    if (code === "EPIPE") interrupt(exitCodes.ok);
  };
  process.on("SIGINT", onInterrupt).on("SIGTERM", onTerminate).on("SIGHUP", onTerminate);
  process.stdout.on("error", onError);
  return {
    signal: abort.signal,
    code: () => asked,
    close: () => void process.off("SIGINT", onInterrupt).off("SIGTERM", onTerminate).off("SIGHUP", onTerminate),
  };
}
