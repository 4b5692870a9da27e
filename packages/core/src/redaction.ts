import { CosError } from "./errors.ts";
import type { OutputChunk, OutputSink } from "./output.ts";

/** Shortest form of a secret that is looked for besides its own text, in bytes. Shorter ones occur by chance. */
const shortestForm = 8;
/** Shortest secret, in bytes. */
export const shortestSecret = 4;

interface Pattern {
  readonly bytes: Buffer;
  readonly marker: Buffer;
}

/** Takes secrets out of a stream, however it is cut into pieces. Made by {@link Redaction.open}. */
export interface Redactor {
  /** What can be passed on now. It may be a view of `data`; what could be the beginning of a secret is held back. */
  push(data: Uint8Array): Uint8Array;
  /** The rest, when nothing more comes. */
  end(): Uint8Array;
}

/**
 * Replaces secrets by `[secret NAME]`: as they are, in Base64, percent-encoded, inside JSON, with a terminal's line
 * ends, and each longer line of one that has several. At each place the longest one wins. What a program transforms in
 * another way is not recognised.
 */
export class Redaction {
  readonly #patterns: readonly Pattern[];
  readonly #byStart = new Map<number, Pattern[]>();
  readonly #firstBytes = new Uint8Array(256);
  readonly #firstPairs = new Uint8Array(65_536);

  /** @param secrets values by name, each of at least {@link shortestSecret} bytes. */
  constructor(secrets: ReadonlyMap<string, string>) {
    const forms = new Map<string, string>();
    for (const [name, value] of secrets) {
      for (const form of formsOf(value)) if (!forms.has(form)) forms.set(form, name);
    }
    this.#patterns = [...forms]
      .map(([form, name]) => ({ bytes: Buffer.from(form), marker: Buffer.from(`[secret ${name}]`) }))
      .toSorted((one, other) => other.bytes.byteLength - one.bytes.byteLength);
    for (const pattern of this.#patterns) {
      const { bytes } = pattern;
      const start = bytes.readUInt32LE(0);
      this.#byStart.set(start, [...(this.#byStart.get(start) ?? []), pattern]);
      this.#firstBytes[bytes.readUInt8(0)] = 1;
      this.#firstPairs[bytes.readUInt16LE(0)] = 1;
    }
  }

  /** For one stream. */
  open(): Redactor {
    let held = Buffer.alloc(0);
    const next = (data: Buffer, isLast: boolean): Uint8Array => {
      const { passed, heldFrom } = this.#scan(data, isLast);
      // The pieces that were pushed are their owner's to use again.
      held = Buffer.from(data.subarray(heldFrom));
      return passed;
    };
    return {
      push: (data) => {
        const view = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
        return next(held.byteLength === 0 ? view : Buffer.concat([held, view]), false);
      },
      end: () => next(held, true),
    };
  }

  /** The text without secrets. */
  text(text: string): string {
    const data = Buffer.from(text);
    const { passed } = this.#scan(data, true);
    return passed === data ? text : Buffer.from(passed).toString();
  }

  /** The failure without secrets, also in what it says of its cause. */
  error(error: unknown): CosError {
    const { code, message, hint, details, cause } = CosError.from(error);
    return new CosError(code, this.text(message), {
      hint: hint === undefined ? undefined : this.text(hint),
      details: details === undefined ? undefined : (this.#value(details) as Readonly<Record<string, unknown>>),
      cause: cause instanceof Error ? new Error(this.text(cause.message)) : undefined,
    });
  }

  #value(value: unknown): unknown {
    if (typeof value === "string") return this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.#value(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, this.#value(member)]));
  }

  #scan(data: Buffer, isLast: boolean): { readonly passed: Uint8Array; readonly heldFrom: number } {
    const length = data.byteLength;
    const pieces: Uint8Array[] = [];
    let passedTo = 0;
    let at = 0;
    while (at < length) {
      const candidate =
        at + 1 < length
          ? this.#firstPairs[(data[at] ?? 0) | ((data[at + 1] ?? 0) << 8)]
          : this.#firstBytes[data[at] ?? 0];
      const found = candidate === 1 ? this.#findAt(data, at, isLast) : undefined;
      if (found === undefined) {
        at++;
        continue;
      }
      if (found === "needs more") break;
      pieces.push(data.subarray(passedTo, at), found.marker);
      at += found.bytes.byteLength;
      passedTo = at;
    }
    if (pieces.length === 0 && at === length) return { passed: data, heldFrom: length };
    pieces.push(data.subarray(passedTo, at));
    return { passed: pieces.length === 1 ? data.subarray(0, at) : Buffer.concat(pieces), heldFrom: at };
  }

  /** The longest secret at a place, if any; or that what follows decides about it. */
  #findAt(data: Buffer, at: number, isLast: boolean): Pattern | "needs more" | undefined {
    const left = data.byteLength - at;
    const patterns = left < shortestSecret ? this.#patterns : (this.#byStart.get(data.readUInt32LE(at)) ?? []);
    for (const pattern of patterns) {
      const { bytes } = pattern;
      const compared = Math.min(left, bytes.byteLength);
      if (bytes.compare(data, at, at + compared, 0, compared) !== 0) continue;
      if (compared === bytes.byteLength) return pattern;
      if (!isLast) return "needs more";
    }
    return undefined;
  }
}

/** Output on its way to a sink, in which secrets are replaced. */
export interface RedactedOutput {
  readonly push: OutputSink;
  /** Passes on what was held back. Nothing may come after it. */
  end(): Promise<void>;
}

/** What leads to a sink past a redaction, if there is one; each stream by itself. */
export function redactOutput(redaction: Redaction | undefined, sink: OutputSink): RedactedOutput {
  if (redaction === undefined) return { push: sink, end: async () => {} };
  const redactors = { stdout: redaction.open(), stderr: redaction.open() };
  const pass = (stream: OutputChunk["stream"], data: Uint8Array) =>
    data.byteLength === 0 ? undefined : sink({ stream, data });
  return {
    push: ({ stream, data }) => pass(stream, redactors[stream].push(data)),
    async end() {
      await pass("stdout", redactors.stdout.end());
      await pass("stderr", redactors.stderr.end());
    },
  };
}

function formsOf(value: string): Set<string> {
  const bytes = Buffer.from(value);
  const text = bytes.toString();
  const lines = text.split(/\r?\n/);
  const others = [
    // The last characters depend on what is encoded along with it.
    bytes.toString("base64").slice(0, Math.floor(bytes.byteLength / 3) * 4),
    bytes.toString("base64url").slice(0, Math.floor(bytes.byteLength / 3) * 4),
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
    text.replaceAll(/\r?\n/g, "\r\n"),
    ...(lines.length === 1 ? [] : lines),
  ];
  return new Set([text, ...others.filter((form) => Buffer.byteLength(form) >= shortestForm)]);
}
