import type { Writable } from "node:stream";

/** How long what was written may wait to be read when the process could end, in milliseconds. */
const patienceMs = 1000;

/**
 * Waits until all that was written to standard output and standard error is read. Resolves with false when it is not:
 * whoever started the process has lost interest, and what waits would keep the process from ending.
 */
export async function isAllRead(): Promise<boolean> {
  const read = await Promise.all([process.stdout, process.stderr].map(isRead));
  return read.every(Boolean);
}

async function isRead(stream: Writable): Promise<boolean> {
  if (stream.writableLength === 0) return true;
  return await new Promise((resolve) => {
    const patience = setTimeout(() => resolve(false), patienceMs);
    stream.write("", () => {
      clearTimeout(patience);
      resolve(true);
    });
  });
}
