/** Every way a call can fail, as a closed list. New meanings go into `hint` and `details`, not here. */
export const errorCodes = [
  "invalid_argument",
  "not_found",
  "ambiguous",
  "already_exists",
  "conflict",
  "failed_precondition",
  "denied",
  "unsupported",
  "unavailable",
  "deadline_exceeded",
  "cancelled",
  "internal",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface CosErrorOptions {
  /** What the reader can do next, as one sentence. */
  readonly hint?: string | undefined;
  /** Facts about the failure as plain JSON, safe to show to the caller. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** The underlying failure. Stays in the process; it is never serialised. */
  readonly cause?: unknown;
}

const brand = Symbol.for("cos.error");

/**
 * The one error class of cos. `message` and `hint` are safe to show to any caller; `cause` is not.
 * Recognise it with {@link CosError.is}, which also works across two installed copies of this package.
 */
export class CosError extends Error {
  override readonly name = "CosError";
  readonly [brand] = true;
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: CosErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
  }

  static is(value: unknown): value is CosError {
    return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[brand] === true;
  }

  /** Any thrown value as a `CosError`: an abort becomes `cancelled`, a timeout `deadline_exceeded`, anything unknown `internal`. */
  static from(value: unknown): CosError {
    if (CosError.is(value)) return value;
    if (value instanceof Error && value.name === "AbortError") {
      return new CosError("cancelled", "The call was cancelled.", { cause: value });
    }
    if (value instanceof Error && value.name === "TimeoutError") {
      return new CosError("deadline_exceeded", "The call took longer than its caller allows.", { cause: value });
    }
    return new CosError("internal", "cos failed in a way it did not expect.", {
      hint: "This is a bug in cos; the cause is in its diagnostic output.",
      cause: value,
    });
  }

  toJSON(): { code: ErrorCode; message: string; hint?: string; details?: Readonly<Record<string, unknown>> } {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.details === undefined ? {} : { details: this.details }),
    };
  }
}
