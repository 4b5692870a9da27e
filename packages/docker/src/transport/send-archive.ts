import { once } from "node:events";
import type { ClientRequest } from "node:http";

/** How long an engine may take to say that it wants the body, in milliseconds. What stands in between may swallow that. */
const goAheadMs = 1_000;

/** The engine is asked before the body is sent, so that its refusal arrives whole. */
export const archiveHeaders = { "content-type": "application/x-tar", expect: "100-continue" } as const;

/**
 * Sends a body while it is made, and ends the request. No more is made than the connection takes.
 *
 * @throws what making the body throws.
 */
export async function sendArchive(
  request: ClientRequest,
  archive: AsyncIterable<Uint8Array>,
  { isOver, onMoved }: { readonly isOver: () => boolean; readonly onMoved: () => void },
): Promise<void> {
  const closed = new AbortController();
  request.once("close", () => closed.abort());
  const goAhead = Promise.race([once(request, "continue"), once(request, "response"), after(goAheadMs)]);
  await Promise.race([goAhead.catch(() => undefined), once(closed.signal, "abort")]);
  for await (const chunk of archive) {
    if (isOver() || closed.signal.aborted) return;
    onMoved();
    if (request.write(chunk)) continue;
    await once(request, "drain", { signal: closed.signal }).catch(() => undefined);
    onMoved();
  }
  if (!isOver() && !closed.signal.aborted) request.end();
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
