import type { IncomingMessage } from "node:http";
import { CosError, type LogOptions, type OutputChunk } from "@cos/core";
import { readStdcopy } from "../stdcopy.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { toUnavailable } from "../transport/transport.ts";
import { inspectContainer } from "./inspect.ts";

/** How long the engine may be silent while it sends a log, in milliseconds. */
const silenceMs = 60_000;

/**
 * What a container has written so far, oldest first. No more is read than is taken, and breaking off drops the
 * connection.
 *
 * @throws CosError `invalid_argument`, `not_found`; `unsupported` when the engine keeps no log of it; `unavailable` when
 * the log breaks off, `deadline_exceeded`, `cancelled`.
 */
export async function* readLogs(
  client: EngineClient,
  id: string,
  { tail, signal }: LogOptions = {},
): AsyncGenerator<OutputChunk> {
  if (tail !== undefined && !(Number.isSafeInteger(tail) && tail >= 0)) {
    throw new CosError("invalid_argument", "tail is out of range.", { hint: "Expected an integer of 0 or more." });
  }
  const { Config, HostConfig } = await inspectContainer(client, id, signal);
  if (HostConfig.LogConfig?.Type === "none") throw keepsNoLog();
  const response = await openLog(client, id, tail, signal);
  const bytes = readBytes(response, signal);
  for await (const chunk of Config.Tty ? fromTerminal(bytes) : readStdcopy(bytes)) {
    if (signal?.aborted === true) throw cancelled();
    yield chunk;
  }
}

async function openLog(
  client: EngineClient,
  id: string,
  tail: number | undefined,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  try {
    const query = { stdout: true, stderr: true, tail };
    return await client.stream("GET", ["containers", id, "logs"], { query, signal });
  } catch (error) {
    throw refusalStatus(error) === 501 ? keepsNoLog(error) : error;
  }
}

/** A terminal has one stream, and its output is not framed. */
async function* fromTerminal(source: AsyncIterable<Buffer>): AsyncGenerator<OutputChunk> {
  for await (const data of source) yield { stream: "stdout", data };
}

async function* readBytes(response: IncomingMessage, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  const onAbort = () => void response.destroy(cancelled());
  const onSilence = () =>
    void response.destroy(
      new CosError("deadline_exceeded", "The engine stopped sending the log.", {
        hint: "Check its health: cos doctor",
      }),
    );
  let timer = setTimeout(onSilence, silenceMs);
  signal?.addEventListener("abort", onAbort, { once: true });
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

function cancelled(): CosError {
  return new CosError("cancelled", "The call was cancelled.");
}

function keepsNoLog(cause?: unknown): CosError {
  return new CosError("unsupported", "The engine keeps no log of this container that can be read.", {
    hint: "Attached jobs keep none: their output is in their result.",
    cause,
  });
}
