import type { Socket } from "node:net";

/** The start of an HTTP message: its head as text, and the body as far as `Content-Length` says. */
export interface HttpMessage {
  readonly firstLine: string;
  /** First line and headers with the empty line that ends them. */
  readonly head: string;
  readonly body: Buffer;
}

/**
 * Reads the head of a message and, if asked, the body of a known length. What comes behind it stays in the socket,
 * which is paused.
 *
 * @returns undefined when the connection ended before.
 */
export async function readMessage(socket: Socket, withBody: boolean): Promise<HttpMessage | undefined> {
  let bytes = Buffer.alloc(0);
  return await new Promise((resolve) => {
    const finish = (message: HttpMessage | undefined) => {
      socket.off("data", onData).off("end", onEnd).off("close", onEnd).pause();
      resolve(message);
    };
    const onEnd = () => finish(undefined);
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const headEnd = bytes.indexOf("\r\n\r\n") + 4;
      if (headEnd < 4) return;
      const head = bytes.toString("latin1", 0, headEnd);
      const length = withBody ? Number(headerOf(head, "content-length") ?? 0) : 0;
      if (bytes.byteLength < headEnd + length) return;
      const body = bytes.subarray(headEnd, headEnd + length);
      finish({ firstLine: head.slice(0, head.indexOf("\r\n")), head, body });
      const rest = bytes.subarray(headEnd + length);
      if (rest.byteLength > 0) socket.unshift(rest);
    };
    socket.on("data", onData).on("end", onEnd).on("close", onEnd);
  });
}

export function headerOf(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*?)\r$`, "im").exec(head)?.[1];
}

/** A head with one header replaced or added. */
export function withHeader(head: string, name: string, value: string | number): string {
  const rest = head.replace(new RegExp(`^${name}:.*\r\n`, "gim"), "");
  return rest.replace(/\r\n\r\n$/, `\r\n${name}: ${value}\r\n\r\n`);
}

/** The bytes of a body sent in HTTP chunks. */
export function dechunked(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = body.indexOf("\r\n", at);
    const length = Number.parseInt(body.toString("latin1", at, lineEnd), 16);
    if (lineEnd === -1 || !(length > 0)) return Buffer.concat(parts);
    parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
}
