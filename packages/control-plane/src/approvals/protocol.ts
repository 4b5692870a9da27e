import { canonicalJson, errorCodes } from "@cos/core";
import { type Approval, bindingDigest, callerKinds } from "@cos/policy";
import * as z from "zod";
import { serverIdForm } from "./runtime-directory.ts";

/**
 * How an approver talks to a process that has requests waiting, over a Unix socket, in lines of JSON. The server says
 * hello with a nonce; the client answers with one signed request; the server answers that and closes the connection.
 * A nonce is good for one request on one connection.
 */
const protocol = "cos-approvals/1";

/** The longest line that either side reads, in bytes. */
export const maxLineBytes = 256 * 1024;
/** The longest form of a request that is sent whole, as JSON, in bytes. */
const maxViewBytes = 64 * 1024;
/** How much is shown of each part of a longer one, in characters. At most 6 bytes each, and there are 4 parts. */
const maxCutLength = 2048;

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const reference = z.string().regex(/^[0-9a-hjkmnp-tv-z]{1,8}$/);
const facts = z.record(z.string(), z.unknown());

const serverInfo = z.strictObject({
  id: z.string().regex(serverIdForm),
  pid: z.int().positive(),
  /** What the process is, e.g. `mcp`. */
  writer: z.string().max(100).optional(),
});

/** A process that has requests waiting. */
export type ApprovalServerInfo = Readonly<z.output<typeof serverInfo>>;

/** A request for approval, as a person sees it. Text is as it was written; whoever shows it escapes it. */
const approvalView = z.strictObject({
  reference,
  state: z.enum(["pending", "approved", "denied"]),
  operation: z.string(),
  engine: z.string(),
  caller: z.strictObject({ kind: z.enum(callerKinds), name: z.string() }),
  target: z
    .strictObject({ kind: z.string(), id: z.string(), name: z.string().optional(), owner: z.string().optional() })
    .optional(),
  text: z.string(),
  changes: facts,
  asks: facts.optional(),
  rule: z.string(),
  reason: z.string(),
  /** What the caller wrote. */
  input: z.unknown(),
  /** Whether `text`, `changes`, `asks` and `input` are only how the longer ones begin. */
  cut: z.boolean(),
  requestedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  bindingDigest: digest,
  approver: z.string().optional(),
  comment: z.string().optional(),
  server: serverInfo,
});
export type ApprovalView = Readonly<z.output<typeof approvalView>>;

export function toApprovalView(approval: Approval, server: ApprovalServerInfo): ApprovalView {
  const { binding, targetName, targetOwner } = approval;
  const view: ApprovalView = {
    reference: approval.reference,
    state: approval.state,
    operation: binding.operation,
    engine: binding.engine,
    caller: { kind: binding.caller.kind, name: binding.caller.name },
    target: binding.target && {
      kind: binding.target.kind,
      id: binding.target.id,
      name: targetName,
      owner: targetOwner,
    },
    text: approval.text,
    changes: approval.changes,
    asks: approval.asks && { ...approval.asks },
    rule: approval.rule,
    reason: approval.reason,
    input: approval.input,
    cut: false,
    requestedAt: approval.requestedAt.toISOString(),
    expiresAt: approval.expiresAt.toISOString(),
    bindingDigest: bindingDigest(binding),
    approver: approval.approver,
    comment: approval.comment,
    server,
  };
  if (Buffer.byteLength(JSON.stringify(view)) <= maxViewBytes) return view;
  const cut = (part: unknown) => JSON.stringify(part ?? null).slice(0, maxCutLength);
  return {
    ...view,
    text: view.text.slice(0, maxCutLength),
    changes: { begin: cut(view.changes) },
    asks: view.asks && { begin: cut(view.asks) },
    input: cut(view.input),
    cut: true,
  };
}

/** What an approver asks of a server. */
export const approverRequest = z.discriminatedUnion("purpose", [
  /** Every request that waits. */
  z.strictObject({ purpose: z.literal("list") }),
  /** The requests whose reference begins so. */
  z.strictObject({ purpose: z.literal("show"), reference }),
  /** Decides a request as it was shown: the digest is over all of the `ApprovalView` that the person saw. */
  z.strictObject({
    purpose: z.literal("decide"),
    reference,
    viewDigest: digest,
    approved: z.boolean(),
    comment: z.string().max(1000).optional(),
  }),
  /** Every request that waits, and whatever happens to any from then on. */
  z.strictObject({ purpose: z.literal("watch") }),
]);
export type ApproverRequest = Readonly<z.output<typeof approverRequest>>;

export const signedRequest = z.strictObject({
  request: approverRequest,
  publicKey: z.string().max(100),
  signature: z.string().max(200),
});
export type SignedRequest = Readonly<z.output<typeof signedRequest>>;

/** What is signed: the request, for one server and one nonce of it. */
export function bytesToSign(server: string, nonce: string, request: ApproverRequest): Buffer {
  return Buffer.from(canonicalJson({ protocol, server, nonce, request }));
}

/** What can happen to a request: it is made, decided, used up by its call, or its time is over. */
const approvalChange = z.enum(["requested", "approved", "denied", "used", "expired"]);
export type ApprovalChange = z.output<typeof approvalChange>;

/** What a server sends. */
export const serverMessage = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("hello"), protocol: z.literal(protocol), server: serverInfo, nonce: digest }),
  /** The key is not trusted, or the signature is wrong, or the nonce; it does not say which. */
  z.strictObject({ type: z.literal("refused") }),
  z.strictObject({ type: z.literal("approval"), approval: approvalView }),
  z.strictObject({ type: z.literal("change"), what: approvalChange, approval: approvalView }),
  z.strictObject({
    type: z.literal("error"),
    code: z.enum(errorCodes),
    message: z.string().max(2000),
    hint: z.string().max(2000).optional(),
  }),
  z.strictObject({ type: z.literal("end") }),
]);
export type ServerMessage = Readonly<z.output<typeof serverMessage>>;

export const helloOf = (server: ApprovalServerInfo, nonce: string): ServerMessage => ({
  type: "hello",
  protocol,
  server,
  nonce,
});

export function toLine(message: ServerMessage | SignedRequest): string {
  return `${JSON.stringify(message)}\n`;
}
