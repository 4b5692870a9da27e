import type { IncomingMessage } from "node:http";

/** Most bytes that the body of a request may have. */
const maxBodyBytes = 1024 * 1024;

/** Reads a request's body as JSON, or answers undefined when it is none or too long. */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}
