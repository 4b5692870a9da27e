import { CosError, type Interaction } from "@cos/core";
import type { EngineClient } from "../transport/engine-client.ts";
import type { HijackedStream } from "../transport/hijack.ts";
import { passInput } from "./input.ts";
import { followSize } from "./terminal-size.ts";

/** What a program is told while it runs: its input, and the size of its terminal. */
export interface Conversation {
  /** Aborts when the input fails, with the failure as its reason. */
  readonly failed: AbortSignal;
  /** The program is being started. */
  starting(): void;
  /** The program runs. Resolves when no more is passed on to it. */
  started(): Promise<void>;
  /** The program has ended: the input is let go of. */
  stop(): void;
}

/**
 * Prepares a conversation; nothing is read or sent before the program starts.
 *
 * @param object the path of what runs, e.g. `["containers", id]`.
 * @param stream the connection that its input goes to.
 */
export function converse(
  client: EngineClient,
  object: readonly string[],
  stream: HijackedStream,
  { input, terminal }: Interaction,
): Conversation {
  const failure = new AbortController();
  const size = terminal === undefined ? undefined : followSize(client, object, terminal);
  // The engine would take the end of a terminal's input for the wish to be detached.
  const endInput = terminal === undefined ? () => stream.endInput() : () => {};
  let stopped = false;
  let stopInput = () => {};
  return {
    failed: failure.signal,
    starting: () => size?.begin(),
    async started() {
      await size?.first;
      if (stopped) return;
      const passage = passInput(input, stream, endInput);
      stopInput = () => passage.stop();
      await passage.over.catch((error: unknown) => failure.abort(CosError.from(error)));
    },
    stop() {
      stopped = true;
      size?.stop();
      stopInput();
    },
  };
}
