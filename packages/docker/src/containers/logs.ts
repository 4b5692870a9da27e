import { setTimeout as delay } from "node:timers/promises";
import { assertLogOptions, CosError, type ExactTime, type LogChunk, type LogOptions, toExactTime } from "@cos/core";
import type { ContainerBody } from "../api.ts";
import { readFrames, readStdcopy } from "../stdcopy.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { openBody, type OpenBody } from "../transport/open-body.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { inspectContainer, noSuchContainer } from "./inspect.ts";
import { FrameTimes, readTerminalTimes } from "./log-times.ts";

/** How long the engine may be silent while it sends a log, in milliseconds. */
const silenceMs = 60_000;

/** How often an engine is asked whether a container that was followed to its end has ended, and after how long, in milliseconds. */
const endChecksMs = [0, 100, 500, 1000];

/**
 * What a container has written, oldest first. No more is read than is taken, and breaking off drops the connection.
 *
 * @throws CosError `invalid_argument`, `not_found`; `unsupported` when the engine keeps no log of it; `unavailable` when
 * the log breaks off, or ends while the container that is followed runs; `deadline_exceeded`, `cancelled`.
 */
export async function* readLogs(client: EngineClient, id: string, options: LogOptions = {}): AsyncGenerator<LogChunk> {
  assertLogOptions(options);
  const { timestamps = false, follow = false, signal } = options;
  const { Config, HostConfig, State } = await inspectContainer(client, id, signal);
  if (HostConfig.LogConfig?.Type === "none") throw keepsNoLog();
  const body = await openLog(client, id, options);
  const onSilence = async () => {
    // A container that is followed may be silent. Its engine may not.
    if (follow) await inspectContainer(client, id, signal);
    else throw stoppedSending();
  };
  for await (const chunk of toChunks(readBytes(body, onSilence, signal), Config.Tty, timestamps)) {
    if (signal?.aborted === true) throw cancelled();
    yield chunk;
  }
  if (follow) await assertEnded(client, id, State, signal);
}

async function openLog(client: EngineClient, id: string, options: LogOptions): Promise<OpenBody> {
  const { tail, since, until, stream = "both", timestamps = false, follow = false, signal } = options;
  const only = (flag: boolean) => flag || undefined;
  const query = {
    stdout: only(stream !== "stderr"),
    stderr: only(stream !== "stdout"),
    tail,
    since: toSeconds(since),
    until: toSeconds(until),
    timestamps: only(timestamps),
    follow: only(follow),
  };
  try {
    return await openBody(client, ["containers", id, "logs"], { query, signal });
  } catch (error) {
    const status = refusalStatus(error);
    if (status === 404) throw noSuchContainer(id);
    throw status === 501 ? keepsNoLog(error) : error;
  }
}

/** Seconds since 1970 with nine digits after the point, as engines take them. Nothing was written before that. */
function toSeconds(time: Date | ExactTime | undefined): string | undefined {
  if (time === undefined) return undefined;
  const exact = typeof time === "string" ? time : toExactTime(time);
  const seconds = Date.parse(`${exact.slice(0, 19)}Z`) / 1000;
  return seconds < 0 ? "0.000000000" : `${seconds}.${exact.slice(20, 29)}`;
}

/**
 * An engine that goes away in good order ends its streams as if the containers had ended.
 *
 * @throws CosError `unavailable` when the container still runs as it did.
 */
async function assertEnded(
  client: EngineClient,
  id: string,
  before: ContainerBody["State"],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const ms of endChecksMs) {
    await delay(ms);
    try {
      const { State } = await inspectContainer(client, id, signal);
      const runs = State.Status === "running" || State.Status === "paused";
      if (!runs || State.StartedAt !== before.StartedAt) return;
    } catch (error) {
      if (CosError.is(error) && error.code === "not_found") return;
      throw error;
    }
  }
  throw new CosError("unavailable", "The engine stopped following the log, and the container still runs.", {
    hint: "Ask again for what came since.",
  });
}

function toChunks(bytes: AsyncIterable<Buffer>, tty: boolean, timestamps: boolean): AsyncIterable<LogChunk> {
  if (tty) return timestamps ? readTerminalTimes(bytes) : fromTerminal(bytes);
  return timestamps ? readFrameTimes(bytes) : readStdcopy(bytes);
}

async function* readFrameTimes(bytes: AsyncIterable<Buffer>): AsyncGenerator<LogChunk> {
  const times = new FrameTimes();
  for await (const piece of readFrames(bytes)) {
    const chunk = times.take(piece);
    if (chunk !== undefined) yield chunk;
  }
}

/** A terminal has one stream, and its output is not framed. */
async function* fromTerminal(source: AsyncIterable<Buffer>): AsyncGenerator<LogChunk> {
  for await (const data of source) yield { stream: "stdout", data };
}

async function* readBytes(
  body: OpenBody,
  onSilence: () => Promise<void>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  const onAbort = () => body.destroy(cancelled());
  let timer: NodeJS.Timeout | undefined;
  const listen = () => {
    const own = setTimeout(() => {
      onSilence().then(
        () => (timer === own ? listen() : undefined),
        (error: unknown) => (timer === own ? body.destroy(CosError.from(error)) : undefined),
      );
    }, silenceMs);
    timer = own;
  };
  const stopListening = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  listen();
  try {
    for await (const bytes of body.bytes) {
      stopListening();
      yield bytes;
      listen();
    }
  } finally {
    stopListening();
    signal?.removeEventListener("abort", onAbort);
    body.destroy();
  }
}

function stoppedSending(): CosError {
  return new CosError("deadline_exceeded", "The engine stopped sending the log.", {
    hint: "Check its health: cos doctor",
  });
}

function cancelled(): CosError {
  return new CosError("cancelled", "The call was cancelled.");
}

function keepsNoLog(cause?: unknown): CosError {
  return new CosError("unsupported", "The engine keeps no log of this container that can be read.", {
    hint: "Attached jobs keep none: their output is in their result. Run the job with `detach` to read it here.",
    cause,
  });
}
