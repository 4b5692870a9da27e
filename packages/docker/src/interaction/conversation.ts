import type { Interaction } from "@cos/core";
import type { EngineClient } from "../transport/engine-client.ts";
import type { HijackedStream } from "../transport/hijack.ts";
import { openInput } from "./input.ts";
import { followSize } from "./terminal-size.ts";

/** What a program is told while it runs: its input, and the size of its terminal. */
export interface Conversation {
  /** Aborts when the input fails, with the failure as its reason. */
  readonly failed: AbortSignal;
  /** Aborts when the input fails, and when the signal does. */
  failedOr(signal: AbortSignal | undefined): AbortSignal;
  /** The program is being started. */
  starting(): void;
  /**
   * The program runs.
   *
   * @param stream the connection that its input goes to.
   */
  started(stream: HijackedStream): void;
  /** The program has ended: the input is let go of. */
  stop(): void;
}

/**
 * Opens a conversation with a program that is about to be started; nothing is read or sent before it is.
 *
 * @param object the path of what runs, e.g. `["containers", id]`.
 */
export function converse(
  client: EngineClient,
  object: readonly string[],
  { input, terminal }: Interaction,
): Conversation {
  const failure = new AbortController();
  const size = terminal === undefined ? undefined : followSize(client, object, terminal);
  const passage = openInput(input);
  let stopped = false;
  const pass = async (stream: HijackedStream) => {
    await size?.first;
    // The engine would take the end of a terminal's input for the wish to be detached.
    const endInput = terminal === undefined ? () => stream.endInput() : () => {};
    if (!stopped) await passage.pass(stream, endInput);
  };
  return {
    failed: failure.signal,
    failedOr: (signal) => (signal === undefined ? failure.signal : AbortSignal.any([failure.signal, signal])),
    starting: () => size?.begin(),
    started: (stream) => void pass(stream).catch((error: unknown) => failure.abort(error)),
    stop() {
      stopped = true;
      size?.stop();
      passage.stop();
    },
  };
}
