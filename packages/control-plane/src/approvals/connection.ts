import { rmSync } from "node:fs";
import { connect } from "node:net";
import { CosError } from "@cos/core";
import { type ApproverKey, signWith } from "./keys.ts";
import { readLines } from "./lines.ts";
import {
  type ApproverRequest,
  bytesToSign,
  maxLineBytes,
  serverMessage,
  type ServerMessage,
  toLine,
} from "./protocol.ts";
import { socketPath } from "./runtime-directory.ts";

/** As whom to ask, and where the servers are. */
export interface ApproverAccess {
  /** Where processes with requests listen. */
  readonly directory: string;
  readonly key: ApproverKey;
}

/**
 * Asks one server one thing, and yields what it says, its hello first. Removes the socket of a server that is dead.
 *
 * @throws CosError `not_found` when there is no such server (any more); `denied` when it does not trust the key;
 * `unavailable` when it does not keep to the protocol or ends before its answer does; what the server answers;
 * `cancelled`, or the signal's reason where that is a `CosError`. `details.unknown` says that it may have done what it
 * was asked.
 */
export async function* ask(
  { directory, key }: ApproverAccess,
  id: string,
  request: ApproverRequest,
  signal: AbortSignal,
): AsyncGenerator<ServerMessage> {
  const path = socketPath(directory, id);
  const socket = connect({ path });
  const onAbort = () => socket.destroy(toAbortReason(signal));
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  let asked = false;
  let refusal: CosError | undefined;
  try {
    for await (const line of readLines(socket, maxLineBytes)) {
      const message = serverMessage.parse(JSON.parse(line));
      if ((message.type === "hello") === asked) throw new Error("a hello comes first, and once");
      if (message.type === "hello") {
        if (message.server.id !== id) throw new Error("the hello is another server's");
        const signature = signWith(key, bytesToSign(id, message.nonce, request));
        socket.write(toLine({ request, publicKey: key.publicKey, signature }));
        asked = true;
      }
      if ("approval" in message && message.approval.server.id !== id)
        throw new Error("the request is another server's");
      refusal = toRefusal(message, key);
      if (refusal !== undefined) throw refusal;
      yield message;
      if (message.type === "end") return;
    }
    if (request.purpose !== "watch") throw new Error("the connection ends before the answer");
  } catch (error) {
    const failure = toCosError(error, path, id);
    if (!asked || refusal !== undefined) throw failure;
    const { code, message, hint } = failure;
    throw new CosError(code, message, { hint, details: { unknown: true }, cause: error });
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}

/** A server's no, as an error. */
function toRefusal(message: ServerMessage, { name, publicKey }: ApproverKey): CosError | undefined {
  if (message.type === "error") return new CosError(message.code, message.message, { hint: message.hint });
  if (message.type !== "refused") return undefined;
  return new CosError("denied", "The process does not take this key for an approver's.", {
    hint: `Its list of approvers has to contain ${JSON.stringify({ name, publicKey })}.`,
  });
}

function toAbortReason({ reason }: AbortSignal): CosError {
  return CosError.is(reason) ? reason : new CosError("cancelled", "The call was cancelled.", { cause: reason });
}

function toCosError(error: unknown, path: string, id: string): CosError {
  if (CosError.is(error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ECONNREFUSED") {
    if (code === "ECONNREFUSED") rmSync(path, { force: true });
    return new CosError("not_found", `The process ${pidOf(id)} has ended.`, {
      hint: "What waited in it has gone with it. Its caller can repeat the call elsewhere.",
      cause: error,
    });
  }
  return new CosError("unavailable", `The process ${pidOf(id)} cannot be asked about its requests.`, {
    hint: "It may be another version of cos, or another user's.",
    cause: error,
  });
}

/** The process id that is part of a server's id. */
export function pidOf(id: string): string {
  return id.slice(0, id.indexOf("-"));
}
