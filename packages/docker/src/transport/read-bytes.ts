import type { IncomingMessage } from "node:http";
import { CosError } from "@cos/core";
import { toUnavailable } from "./transport.ts";

/** How long an engine may be silent in the middle of an answer, in milliseconds. */
const silenceMs = 60_000;

/**
 * The bytes of an open answer. No more is read than is taken, only the time in which the engine is waited for counts as
 * silence, and breaking off drops the connection.
 *
 * @param what is being sent, for the message.
 * @throws CosError `unavailable` when it breaks off, `deadline_exceeded`, `cancelled`
 */
export async function* readBytes(
  response: IncomingMessage,
  { what, signal }: { readonly what: string; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Buffer> {
  const onAbort = () => void response.destroy(new CosError("cancelled", "The call was cancelled."));
  const onSilence = () =>
    void response.destroy(
      new CosError("deadline_exceeded", `The engine stopped sending the ${what}.`, {
        hint: "Check its health: cos doctor",
      }),
    );
  let timer = setTimeout(onSilence, silenceMs);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  try {
    for await (const bytes of response as AsyncIterable<Buffer>) {
      clearTimeout(timer);
      yield bytes;
      timer = setTimeout(onSilence, silenceMs);
    }
  } catch (error) {
    throw toUnavailable(error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    response.destroy();
  }
}
