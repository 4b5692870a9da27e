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

/** The error that says that what was asked for takes more than asking. */
export function refused(message: string): Error {
  return new ProtocolError(ErrorCode.InvalidRequest, message);
}

/** The error about a resource that is not there, or not for this client, which is the same to it. */
export function noSuchResource(uri: string, why = "There is no such resource."): Error {
  return new ProtocolError(resourceNotFound, why, { uri });
}

/** By the protocol. The SDK has no name for it. */
const resourceNotFound = -32_002;

/** An error of JSON-RPC. The SDK's own class would put its code in front of the message, as clients do once more. */
export class ProtocolError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(printable(message));
    this.code = code;
    this.data = data;
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
