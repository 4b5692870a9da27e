import type { Container, Engine, LogChunk, OutputChunk, Redaction } from "@cos/core";
import { openRedaction } from "../container-secrets.ts";
import type { OperationContext } from "../operation.ts";

/** Where logs are read from: an engine, or one whose logs are without secrets. */
export interface LogSource {
  readonly containers: Pick<Engine["containers"], "logs">;
}

/**
 * The log of a container without the secrets that it was given, as far as they can still be had. It is so before
 * anything looks for a line in it, so that nobody can try out what a secret begins with.
 */
export async function openLogSource(
  { engine, secrets }: Pick<OperationContext, "engine" | "secrets">,
  container: Container,
): Promise<LogSource> {
  const redaction = await openRedaction(container, secrets);
  if (redaction === undefined) return engine;
  return { containers: { logs: (id, options) => redactLog(redaction, engine.containers.logs(id, options)) } };
}

/** What is held back of an entry comes with that entry at the latest, unless its line goes on in the next. */
async function* redactLog(redaction: Redaction, chunks: AsyncIterable<LogChunk>): AsyncGenerator<LogChunk> {
  const redactors = { stdout: redaction.open(), stderr: redaction.open() };
  const last = new Map<OutputChunk["stream"], LogChunk>();
  for await (const chunk of chunks) {
    const redactor = redactors[chunk.stream];
    last.set(chunk.stream, chunk);
    const endsEntry = chunk.time !== undefined && chunk.data.at(-1) === newline;
    const pieces = [redactor.push(chunk.data), ...(endsEntry ? [redactor.end()] : [])];
    for (const data of pieces) if (data.byteLength > 0) yield { ...chunk, data };
  }
  for (const chunk of last.values()) {
    const data = redactors[chunk.stream].end();
    if (data.byteLength > 0) yield { ...chunk, data };
  }
}

const newline = 0x0a;
