import type * as net from "node:net";
import { CosError } from "@cos/core";
import type { EngineClient } from "./engine-client.ts";
import { toRefusal } from "./refusal.ts";
import { type ReadCallback, toUnavailable } from "./transport.ts";

/** How long the engine may take to turn a request into a raw stream, in milliseconds. */
const upgradeDeadlineMs = 60_000;
const maxHeadBytes = 64 * 1024;

/** A request that became a raw two-way stream. */
export interface HijackedStream {
  /** Resolves when the engine ends the stream; rejects when the connection breaks. */
  readonly ended: Promise<void>;
  /** Sends bytes; resolves when more can be taken. */
  write(data: Uint8Array): Promise<void>;
  /** Ends the sending side; the receiving side stays open. */
  endInput(): void;
  /** Goes on reading after the read callback returned false. */
  resume(): void;
  destroy(): void;
}

/**
 * Sends a request that the engine answers by handing over the connection (attach, exec).
 *
 * @param signal cancels it as long as the engine has not handed over.
 * @param body is sent as JSON.
 * @throws CosError by status when the engine refuses; `unavailable`, `deadline_exceeded`, `cancelled`.
 */
export async function hijack(
  client: EngineClient,
  segments: readonly string[],
  query: Readonly<Record<string, string | number | boolean>>,
  onRead: ReadCallback,
  signal?: AbortSignal,
  body?: unknown,
): Promise<HijackedStream> {
  const path = client.path(segments, query);
  const payload = body === undefined ? "" : JSON.stringify(body);
  let head: Buffer | undefined = Buffer.alloc(0);
  let settleHead: (end: { status: number; body: string } | CosError) => void = () => {};
  const headArrived = new Promise<{ status: number; body: string } | CosError>((resolve) => {
    settleHead = resolve;
  });

  const socket = await client.transport.openSocket("POST", path, (chunk) => {
    if (head === undefined) return onRead(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end === -1) {
      if (head.byteLength > maxHeadBytes)
        settleHead(new CosError("internal", "The engine's answer has no end of headers."));
      return true;
    }
    const status = Number(/^HTTP\/1\.[01] ([0-9]{3})/.exec(head.toString("latin1", 0, Math.min(end, 64)))?.[1] ?? 0);
    const rest = Buffer.from(head.subarray(end + 4));
    if (status === 101 || status === 200) {
      head = undefined;
      settleHead({ status, body: "" });
      return rest.byteLength === 0 || onRead(rest);
    }
    settleHead({ status, body: dechunk(rest.toString("utf8")) });
    return true;
  });

  const ended = new Promise<void>((resolve, reject) => {
    socket.once("end", resolve);
    socket.once("error", (error) => reject(toUnavailable(error)));
    socket.once("close", () => reject(new CosError("unavailable", "The connection to the engine was closed.")));
  });
  ended.catch((error: unknown) => settleHead(CosError.from(error)));
  void ended.then(
    () => settleHead(new CosError("unavailable", "The engine closed the connection without an answer.")),
    () => undefined,
  );
  const timer = setTimeout(() => {
    settleHead(new CosError("deadline_exceeded", "The engine did not answer in time."));
  }, upgradeDeadlineMs);
  const onAbort = () => settleHead(new CosError("cancelled", "The call was cancelled."));
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(payload)}\r\n\r\n${payload}`,
  );
  const answer = await headArrived;
  clearTimeout(timer);
  signal?.removeEventListener("abort", onAbort);
  if (CosError.is(answer) || (answer.status !== 101 && answer.status !== 200)) {
    socket.destroy();
    throw CosError.is(answer) ? answer : toRefusal(answer.status, answer.body);
  }
  return toStream(socket, ended);
}

function toStream(socket: net.Socket, ended: Promise<void>): HijackedStream {
  return {
    ended,
    write: (data) =>
      new Promise((resolve, reject) => {
        socket.write(data, (error) => (error == null ? resolve() : reject(toUnavailable(error))));
      }),
    endInput: () => {
      socket.end();
    },
    resume: () => {
      socket.resume();
    },
    destroy: () => {
      socket.destroy();
    },
  };
}

/** The text of a body that may be in HTTP chunks; good enough for an error message that is cut anyway. */
function dechunk(body: string): string {
  return /^[0-9a-f]+\r\n/i.test(body) ? body.replace(/^[0-9a-f]+\r\n/gim, "").trim() : body;
}
