import { digestOf } from "@cos/core";
import type { Approvals, Asks, AuditEvent, Binding, Decision, Grant, Question, Tickets } from "@cos/policy";
import type { Preview, Target } from "./operation.ts";

/** Where consent to a change comes from, when policy does not simply allow it. */
export interface ConsentSources {
  readonly tickets: Tickets;
  readonly approvals: Approvals;
  /** A person's standing grants. `use` counts a use of the one that covers the question, if there is one. */
  readonly grants: { use(question: Question, now: Date): Grant | undefined | Promise<Grant | undefined> };
  /** Makes sure that people can see and decide what waits for them. @throws CosError when they cannot. */
  readonly listen: () => Promise<void>;
}

/** A call that needs a consent. */
export interface ConsentRequest {
  readonly callId: string;
  readonly decision: Decision;
  readonly question: Question;
  readonly policyVersion: string;
  readonly target: Target | undefined;
  readonly asks: Asks | undefined;
  readonly input: unknown;
  readonly inputDigest: string;
  readonly preview: Preview;
  /** The ticket of the token that came with the call, already spent. */
  readonly ticket: ReturnType<Tickets["redeem"]>;
  readonly hasToken: boolean;
  /** How the caller came to send the token. */
  readonly confirmedBy: "caller" | "person" | "assumed";
  /** Whether the answer was no. */
  readonly declined: boolean;
}

/** What came of asking for consent; `about` it goes into the audit log. */
export type ConsentAnswer =
  | { readonly status: "given"; readonly about: ConsentFacts }
  | { readonly status: "confirm"; readonly confirmToken: string; readonly expiresInSeconds: number }
  | { readonly status: "pending"; readonly reference: string; readonly expiresInSeconds: number }
  | { readonly status: "denied"; readonly reason: string; readonly about?: ConsentFacts };

type ConsentFacts = Pick<AuditEvent, "consent" | "confirms" | "reference" | "approver">;

/** The one refusal of every token that is not good, for whatever reason. */
const badToken =
  "The confirmation token is not good for this call as it stands. Make the call without it to see what it would do now.";
const saidNo = "A person was asked, and said no.";
const tooMany =
  "Too many of this caller's calls wait for a confirmation or an approval. Finish those first, or let them expire.";

/** Looks for a consent to exactly this call, and asks for one when there is none. */
export async function seekConsent(sources: ConsentSources, request: ConsentRequest): Promise<ConsentAnswer> {
  const { tickets, grants } = sources;
  const { decision, ticket } = request;
  const binding = toBinding(request);
  if (request.declined) {
    return {
      status: "denied",
      reason: saidNo,
      ...(ticket?.covers(binding) ? { about: { confirms: ticket.callId } } : {}),
    };
  }
  if (request.hasToken) {
    if (decision.verdict === "approve" || ticket?.covers(binding) !== true)
      return { status: "denied", reason: badToken };
    return { status: "given", about: { consent: request.confirmedBy, confirms: ticket.callId } };
  }
  const grant = await grants.use(request.question, new Date());
  if (grant !== undefined) {
    return { status: "given", about: { consent: "grant", reference: grant.id, approver: grant.createdBy } };
  }
  if (decision.verdict === "approve") return await seekApproval(sources, request, binding);
  const issued = tickets.issue(binding, request.callId);
  if (issued === undefined) return { status: "denied", reason: tooMany };
  return { status: "confirm", confirmToken: issued.token, expiresInSeconds: issued.expiresInSeconds };
}

async function seekApproval(
  { approvals, listen }: ConsentSources,
  { callId, decision, target, asks, input, preview }: ConsentRequest,
  binding: Binding,
): Promise<ConsentAnswer> {
  const used = approvals.consume(binding);
  if (used !== undefined) {
    const { reference, approver } = used;
    return { status: "given", about: { consent: "approval", confirms: used.callId, reference, approver } };
  }
  await listen();
  const asked = approvals.request(binding, {
    ...preview,
    callId,
    asks,
    input,
    rule: decision.rule,
    reason: decision.reason,
    targetName: target?.name,
    targetOwner: target?.owner,
  });
  if (asked === undefined) return { status: "denied", reason: tooMany };
  const { reference, state, expiresAt, approver, comment } = asked;
  if (state === "denied") {
    const said = comment === undefined ? "A person said no." : `A person said no: ${comment}`;
    return { status: "denied", reason: said, about: { reference, approver } };
  }
  return {
    status: "pending",
    reference,
    expiresInSeconds: Math.max(0, Math.round((expiresAt.getTime() - Date.now()) / 1000)),
  };
}

function toBinding({ question, policyVersion, target, inputDigest, preview, asks }: ConsentRequest): Binding {
  return {
    caller: { kind: question.callerKind, name: question.callerName },
    operation: question.operation,
    engine: question.engine,
    target: target && { kind: target.kind, id: target.id, stateDigest: target.stateDigest },
    inputDigest,
    previewDigest: digestOf([preview.changes, asks ?? {}]),
    policyVersion,
  };
}
