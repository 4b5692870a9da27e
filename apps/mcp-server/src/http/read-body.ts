import type { IncomingMessage, ServerResponse } from "node:http";
import { parseJson } from "../parse-json.ts";
import type { Refusal } from "./refuse.ts";

/** Most bytes that the body of a request may have. */
const maxBodyBytes = 1024 * 1024;

const tooLong: Refusal = { why: "body", status: 413, message: `The body is longer than ${maxBodyBytes} bytes.` };

/** Reads a request's body as JSON. Undefined when the client leaves before its end. */
export async function readBody(
  request: IncomingMessage,
  response: ServerResponse,
): Promise<{ readonly value: unknown } | { readonly refusal: Refusal } | undefined> {
  const { "content-length": length, "content-encoding": encoding, "transfer-encoding": transfer } = request.headers;
  if (encoding !== undefined || (transfer !== undefined && transfer.toLowerCase() !== "chunked"))
    return { refusal: { why: "headers", status: 415, message: "The body must not be compressed." } };
  if (Number(length ?? 0) > maxBodyBytes) return { refusal: tooLong };
  // Who asks first whether the body is wanted has had everything else looked at by now.
  if (request.headers.expect?.toLowerCase() === "100-continue") response.writeContinue();
  const bytes = await readBytes(request);
  if (bytes === undefined || bytes === tooLong) return bytes && { refusal: tooLong };
  try {
    return { value: parseJson(utf8.decode(bytes as Buffer)) };
  } catch (error) {
    // A TypeError is the decoder's.
    const message = error instanceof TypeError ? "The body is not UTF-8." : (error as Error).message;
    return { refusal: { why: "body", status: 400, code: -32_700, message } };
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

async function readBytes(request: IncomingMessage): Promise<Buffer | Refusal | undefined> {
  return await new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBodyBytes) return void chunks.push(chunk);
      request.pause();
      resolve(tooLong);
    });
    request.on("end", () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    request.on("error", () => resolve(undefined));
    request.on("close", () => resolve(undefined));
  });
}
