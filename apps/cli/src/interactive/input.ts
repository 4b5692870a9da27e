import { CosError } from "@cos/core";

/**
 * Standard input for a program. No more is read than is asked for.
 *
 * @param begin called when a program is about to start that reads it.
 */
export function readInput(stdin: NodeJS.ReadStream, begin = () => {}): AsyncIterable<Uint8Array> {
  let [letGo, wake] = [false, () => {}];
  const end = { done: true, value: undefined } as const;
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    while (!letGo) {
      const chunk = stdin.read() as Buffer | null;
      if (chunk !== null) return { done: false, value: chunk };
      // A terminal that is gone answers with an error, which is the end of what is typed.
      if (stdin.errored !== null && !stdin.isTTY) throw unreadable(stdin.errored);
      if (stdin.readableEnded || stdin.destroyed) return end;
      await new Promise<void>((resolve) => {
        wake = resolve;
        for (const event of ["readable", "end", "error", "close"]) stdin.once(event, resolve);
      });
      for (const event of ["readable", "end", "error", "close"]) stdin.off(event, wake);
    }
    return end;
  };
  return {
    [Symbol.asyncIterator]() {
      // Looked for where it is read.
      stdin.on("error", () => {});
      begin();
      return {
        next,
        async return() {
          letGo = true;
          wake();
          return end;
        },
      };
    },
  };
}

function unreadable(cause: Error): CosError {
  return new CosError("failed_precondition", "The standard input cannot be read to its end.", { cause });
}
