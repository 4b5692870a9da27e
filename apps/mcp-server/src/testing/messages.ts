import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

export type Message = Readonly<Record<string, unknown>>;

/** What a server writes, line by line. */
export interface Messages {
  readonly lines: readonly string[];
  /** The message that fits, once it has come. Rejects when the server closes its output without it. */
  received(fits: (message: Message) => boolean): Promise<Message>;
}

export function readMessages(output: Readable): Messages {
  const lines: string[] = [];
  const reader = createInterface(output).on("line", (line) => lines.push(line));
  const closed = once(reader, "close").then(() => Promise.reject(new Error(`it wrote only: ${lines.join("\n")}`)));
  closed.catch(() => undefined);
  return {
    lines,
    async received(fits) {
      for (;;) {
        const found = lines.map((line) => JSON.parse(line) as Message).find(fits);
        if (found !== undefined) return found;
        await Promise.race([once(reader, "line"), closed]);
      }
    },
  };
}
