import { CosError } from "@cos/core";
import { StdcopyDemuxer } from "../stdcopy.ts";

/** How long a helper may take for an answer, in milliseconds: the grace it gives, and what a slow machine needs. */
const answerDeadlineMs = 30_000;
/** Longest line that it may write, in characters. */
const maxLineLength = 4096;

/** What a helper says of the processes of a command. What each means, `killScript` says. */
export interface Answer {
  readonly seen: number;
  readonly left: number;
  readonly loose: number;
  readonly keep: "yes" | "no" | "lost";
  readonly young: number;
}

/** Reads what a helper writes. It writes a line for each request. */
export class HelperAnswers {
  readonly #demuxer = new StdcopyDemuxer(({ stream, data }) => {
    if (stream === "stdout") this.#takeText(Buffer.from(data).toString("latin1"));
  });
  #text = "";
  #settle: ((answer: Answer | CosError) => void) | undefined;

  take(chunk: Buffer): boolean {
    try {
      void this.#demuxer.push(chunk);
    } catch (error) {
      this.#settle?.(CosError.from(error));
    }
    return true;
  }

  /** Nothing more will come. */
  end(): void {
    this.#settle?.(new CosError("unavailable", "The helper that kills commands has ended early."));
  }

  /** The answer to the next request. @throws CosError `unavailable`, `deadline_exceeded`, `internal` */
  async next(): Promise<Answer> {
    const timer = setTimeout(() => {
      this.#settle?.(new CosError("deadline_exceeded", "The helper that kills commands did not answer in time."));
    }, answerDeadlineMs);
    try {
      const answer = await new Promise<Answer | CosError>((resolve) => (this.#settle = resolve));
      if (CosError.is(answer)) throw answer;
      return answer;
    } finally {
      clearTimeout(timer);
    }
  }

  #takeText(text: string): void {
    this.#text += text;
    const end = this.#text.indexOf("\n");
    if (end === -1 && this.#text.length < maxLineLength) return;
    const line = this.#text.slice(0, Math.max(end, 0));
    this.#text = this.#text.slice(end + 1);
    this.#settle?.(toAnswer(line) ?? new CosError("internal", "The helper that kills commands said something else."));
  }
}

function toAnswer(line: string): Answer | undefined {
  const [, seen, left, loose, keep, young] =
    /^seen=(\d{1,6}) left=(\d{1,6}) loose=(\d{1,6}) keep=(yes|no|lost) young=(-?\d{1,6})$/.exec(line) ?? [];
  if (keep === undefined) return undefined;
  return {
    seen: Number(seen),
    left: Number(left),
    loose: Number(loose),
    keep: keep as Answer["keep"],
    young: Number(young),
  };
}
