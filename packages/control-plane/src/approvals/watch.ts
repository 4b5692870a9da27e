import { once } from "node:events";
import { watch as watchDirectory } from "node:fs";
import { PassThrough } from "node:stream";
import { type CallOptions, CosError } from "@cos/core";
import { deadlineMs, tooLate } from "./client.ts";
import { type ApproverAccess, ask } from "./connection.ts";
import type { ApprovalChange, ApprovalServerInfo, ApprovalView } from "./protocol.ts";
import { ensureRuntimeDirectory, findServers } from "./runtime-directory.ts";

/** What a person sees who watches. */
export type ApprovalEvent =
  | { readonly type: "change"; readonly what: ApprovalChange; readonly approval: ApprovalView }
  /** The process has ended, or is out of reach; what waited in it has usually gone with it. */
  | { readonly type: "ended"; readonly server: ApprovalServerInfo }
  /** Why a process cannot be watched, or not yet. */
  | { readonly type: "warning"; readonly warning: CosError };

/**
 * What waits in all processes, as `requested`, and then whatever happens, also in processes that start later. Ends only
 * when its reader or the signal ends it.
 *
 * @throws CosError `failed_precondition` when the directory cannot be used, or others could use it; `cancelled`.
 */
export async function* watchApprovals(
  access: ApproverAccess,
  { signal }: CallOptions = {},
): AsyncGenerator<ApprovalEvent> {
  const { directory } = access;
  const stop = new AbortController();
  const events = new PassThrough({ objectMode: true });
  const fail = (error: CosError) => void events.destroy(error);
  const onAbort = () => fail(new CosError("cancelled", "The call was cancelled.", { cause: signal?.reason }));
  const followed = new Set<string>();
  const look = () => {
    try {
      for (const id of findServers(directory)) {
        if (followed.has(id)) continue;
        followed.add(id);
        void follow(access, id, events, stop.signal);
      }
    } catch (error) {
      fail(CosError.from(error));
    }
  };

  ensureRuntimeDirectory(directory);
  const watcher = watchDirectory(directory, look);
  watcher.on("error", (error) => fail(unwatchable(directory, error)));
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    if (signal?.aborted === true) onAbort();
    look();
    yield* events as AsyncIterable<ApprovalEvent>;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    watcher.close();
    stop.abort();
    events.destroy();
  }
}

/** Passes on what one server tells, as fast as the events are read. */
async function follow(access: ApproverAccess, id: string, events: PassThrough, signal: AbortSignal): Promise<void> {
  const tell = async (event: ApprovalEvent) => {
    if (!events.write(event)) await once(events, "drain", { signal });
  };
  const slow = setTimeout(() => void events.write({ type: "warning", warning: tooLate(id) }), deadlineMs);
  let server: ApprovalServerInfo | undefined;
  let isLost = false;
  try {
    for await (const message of ask(access, id, { purpose: "watch" }, signal)) {
      clearTimeout(slow);
      if (message.type === "hello") ({ server } = message);
      else if (message.type === "change") await tell(message);
    }
    isLost = true;
  } catch (error) {
    const warning = CosError.from(error);
    isLost = warning.details?.["unknown"] === true;
    if (!isLost && !signal.aborted && warning.code !== "not_found") events.write({ type: "warning", warning });
  } finally {
    clearTimeout(slow);
  }
  if (isLost && !signal.aborted && server !== undefined) events.write({ type: "ended", server });
}

function unwatchable(directory: string, cause: unknown): CosError {
  return new CosError("failed_precondition", `The runtime directory ${directory} cannot be watched.`, { cause });
}
