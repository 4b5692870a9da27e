import { BoundedOutput, CosError, type OutputSink, type RedactedOutput, type Redaction, redactOutput } from "@cos/core";
import { StdcopyDemuxer } from "../stdcopy.ts";

/** How a container sends its output: both streams in frames, or what a terminal shows as it is. */
export type OutputForm = "frames" | "terminal";

export interface JobOutputOptions {
  /** Frames unless set. */
  readonly form?: OutputForm | undefined;
  readonly redaction?: Redaction | undefined;
}

/**
 * The output of a job: passed on live, kept within bounds, both without secrets. What a terminal shows is passed on as it
 * is: held back as the possible beginning of a secret, it would come too late for who types.
 */
export class JobOutput {
  readonly stdout: BoundedOutput;
  readonly stderr: BoundedOutput;
  readonly #redacted: RedactedOutput;
  readonly #push: (chunk: Buffer) => void | Promise<void>;
  readonly #atBoundary: () => boolean;
  #failure: CosError | undefined;
  #reads = 0;
  #blocked = false;
  #pending: Promise<void> = Promise.resolve();

  constructor(
    limitBytes: number | undefined,
    sink: OutputSink | undefined,
    { form = "frames", redaction }: JobOutputOptions = {},
  ) {
    this.stdout = new BoundedOutput(limitBytes);
    this.stderr = new BoundedOutput(limitBytes);
    const terminal = form === "terminal";
    this.#redacted = redactOutput(redaction, (chunk) => {
      this[chunk.stream].push(chunk.data);
      return terminal ? undefined : sink?.(chunk);
    });
    const { push } = this.#redacted;
    const demuxer = new StdcopyDemuxer(push);
    this.#push = terminal
      ? (data) => {
          void push({ stream: "stdout", data });
          return sink?.({ stream: "stdout", data });
        }
      : (chunk) => demuxer.push(chunk);
    this.#atBoundary = () => demuxer.atBoundary;
  }

  /** Whether everything that arrived was understood and complete. */
  get intact(): boolean {
    return this.#failure === undefined && this.#atBoundary();
  }

  /**
   * Takes what was read. False when the sink needs time: `resume` is called once it has had it, and until then
   * nothing more may come.
   */
  take(chunk: Buffer, resume: () => void): boolean {
    this.#reads++;
    if (this.#failure !== undefined) return true;
    try {
      const pending = this.#push(chunk);
      if (pending === undefined) return true;
      this.#blocked = true;
      const proceed = () => {
        this.#blocked = false;
        resume();
      };
      this.#pending = pending.then(proceed, (error: unknown) => {
        this.#failure = CosError.from(error);
        proceed();
      });
      return false;
    } catch (error) {
      this.#failure = CosError.from(error);
      return true;
    }
  }

  /** Whether nothing is read because the sink needs time. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** How often something was read. */
  get reads(): number {
    return this.#reads;
  }

  /** Resolves when the sink has taken everything so far. */
  async drained(): Promise<void> {
    await this.#pending;
  }

  /** Passes on what was held back as the possible beginning of a secret. Nothing may come after it. */
  async end(): Promise<void> {
    await this.#pending;
    try {
      await this.#redacted.end();
    } catch (error) {
      this.#failure = CosError.from(error);
    }
  }
}
