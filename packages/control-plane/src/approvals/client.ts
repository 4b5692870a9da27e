import { type CallOptions, CosError, digestOf, parseWith } from "@cos/core";
import { type ApproverAccess, ask, pidOf } from "./connection.ts";
import { type ApprovalView, approverRequest, type ApproverRequest } from "./protocol.ts";
import { findServers } from "./runtime-directory.ts";

/** How long a server may take to answer, in milliseconds. */
export const deadlineMs = 5_000;
/** Most requests that one server may name. */
const maxApprovals = 4096;

/**
 * The requests that wait, in all processes, oldest first.
 *
 * @returns with them, why, for each process that could not be asked.
 * @throws CosError `failed_precondition` when others can use the directory; `cancelled`.
 */
export async function listApprovals(
  access: ApproverAccess,
  { signal }: CallOptions = {},
): Promise<{ readonly approvals: readonly ApprovalView[]; readonly warnings: readonly CosError[] }> {
  const { approvals, warnings } = await askAll(access, { purpose: "list" }, signal);
  const byAge = (one: ApprovalView, other: ApprovalView) => Date.parse(one.requestedAt) - Date.parse(other.requestedAt);
  return { approvals: approvals.toSorted(byAge), warnings };
}

/**
 * The request whose reference begins so.
 *
 * @throws CosError `not_found`, with `details.warnings` when not all processes could be asked; `ambiguous`; otherwise
 * as {@link listApprovals}.
 */
export async function showApproval(
  access: ApproverAccess,
  reference: string,
  { signal }: CallOptions = {},
): Promise<{ readonly approval: ApprovalView; readonly warnings: readonly CosError[] }> {
  const prefix = reference.toLowerCase();
  const isReference = /^[0-9a-hjkmnp-tv-z]{1,8}$/.test(prefix);
  const { approvals, warnings } = isReference
    ? await askAll(access, { purpose: "show", reference: prefix }, signal)
    : { approvals: [], warnings: [] };
  const [approval, ...others] = approvals;
  if (approval === undefined) {
    throw new CosError("not_found", "No request for approval has this reference.", {
      hint: "List the requests that wait. This one may have expired, been used, or ended with its process.",
      details: warnings.length === 0 ? undefined : { warnings: warnings.map((warning) => warning.toJSON()) },
    });
  }
  if (others.length > 0) {
    throw new CosError("ambiguous", "More than one request for approval has a reference that begins so.", {
      hint: "Give more of the reference.",
      details: { references: approvals.map(({ reference }) => reference) },
    });
  }
  return { approval, warnings };
}

/**
 * Decides a request, as it was shown and in no other form.
 *
 * @param shown what the person has seen: from {@link listApprovals}, {@link showApproval} or `watchApprovals`.
 * @returns the request after the decision.
 * @throws CosError `invalid_argument` for a comment of more than 1000 characters; `not_found` when it is not there (any
 * more); `conflict` when it is not as shown, or was decided before; `denied` when the key is not trusted; `unavailable`,
 * with `details.unknown` when it may have been decided; `cancelled`.
 */
export async function decideApproval(
  access: ApproverAccess,
  shown: ApprovalView,
  { approved, comment }: { readonly approved: boolean; readonly comment?: string | undefined },
  { signal }: CallOptions = {},
): Promise<ApprovalView> {
  const viewDigest = digestOf(shown);
  const decision = { purpose: "decide", reference: shown.reference, viewDigest, approved, comment };
  const request = parseWith(approverRequest, decision, "decision");
  const [decided] = await askOne(access, shown.server.id, request, signal);
  if (decided !== undefined) return decided;
  throw new CosError("unavailable", "The process did not say what became of the request.", {
    details: { unknown: true },
  });
}

async function askAll(
  access: ApproverAccess,
  request: ApproverRequest,
  signal: AbortSignal | undefined,
): Promise<{ readonly approvals: readonly ApprovalView[]; readonly warnings: readonly CosError[] }> {
  const answers = await Promise.all(
    findServers(access.directory).map(async (id) => {
      try {
        return { approvals: await askOne(access, id, request, signal), warnings: [] };
      } catch (error) {
        const failure = CosError.from(error);
        if (failure.code === "cancelled") throw failure;
        return { approvals: [], warnings: failure.code === "not_found" ? [] : [failure] };
      }
    }),
  );
  return {
    approvals: answers.flatMap(({ approvals }) => approvals),
    warnings: answers.flatMap(({ warnings }) => warnings),
  };
}

/** That a server has not answered in time. */
export function tooLate(id: string): CosError {
  return new CosError("deadline_exceeded", `The process ${pidOf(id)} does not answer.`, {
    hint: "It may be stopped, or very busy.",
  });
}

/** All of one server's answer, in time or not at all. */
async function askOne(
  access: ApproverAccess,
  id: string,
  request: ApproverRequest,
  signal: AbortSignal | undefined,
): Promise<ApprovalView[]> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(tooLate(id)), deadlineMs);
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const approvals: ApprovalView[] = [];
  try {
    for await (const message of ask(access, id, request, either)) {
      if (message.type === "approval") approvals.push(message.approval);
      if (approvals.length > maxApprovals) {
        throw new CosError("unavailable", `The process ${pidOf(id)} names more requests than it can have.`);
      }
    }
    return approvals;
  } finally {
    clearTimeout(timer);
  }
}
