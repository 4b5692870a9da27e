import { CosError, printable } from "@cos/core";
import { ErrorCode } from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod";
import { sayFailure } from "./say.ts";

/** Most characters of a client's text that an error repeats. */
const longestQuote = 100;

/**
 * The schema of every request of a method, right or not. The SDK's own schemas answer what is wrong with an internal error
 * that shows their own workings; handlers of these say it in words, by `invalidParams`.
 */
export function requestOf<Method extends string>(method: Method) {
  return z.object({ method: z.literal(method), params: z.record(z.string(), z.unknown()).default({}) });
}

/** The error of JSON-RPC about parameters, in words for people. */
export function invalidParams(message: string): Error {
  return new ProtocolError(ErrorCode.InvalidParams, message);
}

/** An error of JSON-RPC. The SDK's own class would put its code in front of the message, as clients do once more. */
class ProtocolError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(printable(message));
    this.code = code;
  }
}

/**
 * A failure as an error of JSON-RPC, for methods that have no other way to tell one: what happened, its code, and what to
 * do next. Its cause is for the operator alone.
 */
export function toProtocolError(error: unknown): Error {
  if (error instanceof ProtocolError) return error;
  const failure = CosError.from(error);
  const { code, message, hint } = failure;
  if (code === "internal") sayFailure(failure);
  return new ProtocolError(ErrorCode.InternalError, `${message} (${code})${hint === undefined ? "" : ` ${hint}`}`);
}

/** What a client wrote, as it is repeated to it: in quotes, and not the whole of it. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text);
}

/** A member as an object, if it is one. */
export function toObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : undefined;
}
