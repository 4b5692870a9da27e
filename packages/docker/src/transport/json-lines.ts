import { CosError } from "@cos/core";

/** Longest line the engine may send, in bytes. A container's labels, which events repeat, fit many times. */
const maxLineBytes = 4 * 1024 * 1024;

/**
 * The JSON values in a stream of lines.
 *
 * @throws CosError `internal` for a line that is not JSON or too long; whatever the source throws.
 */
export async function* readJsonLines(source: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const chunk of source) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const line = Buffer.concat([...pending, chunk.subarray(start, end)]).toString("utf8");
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line.trim() !== "") yield parseLine(line);
    }
    if (start < chunk.byteLength) {
      pending.push(Buffer.from(chunk.subarray(start)));
      pendingBytes += chunk.byteLength - start;
      if (pendingBytes > maxLineBytes) throw new CosError("internal", "The engine sent a line of more than 4 MiB.");
    }
  }
  const rest = Buffer.concat(pending).toString("utf8");
  if (rest.trim() !== "") yield parseLine(rest);
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new CosError("internal", "The engine sent a line that is not JSON.", { cause });
  }
}
