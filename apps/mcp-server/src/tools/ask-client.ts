import { CosError, printable } from "@cos/core";
import type { Call, Outcome } from "@cos/control-plane";
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import {
  type ClientCapabilities,
  ElicitResultSchema,
  ErrorCode,
  McpError,
  type ServerNotification,
  type ServerRequest,
} from "@modelcontextprotocol/sdk/types.js";

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;
type Confirm = Extract<Outcome, { readonly status: "confirm" }>;

/** The code of the SDK for an answer that did not come in time. */
const requestTimeout: number = ErrorCode.RequestTimeout;
/** Most characters of arguments that a dialog shows. */
const mostCharacters = 2000;

/** Whether a client says that it shows forms. The ones that know only forms do not name them. */
export function canBeAsked({ elicitation }: ClientCapabilities = {}): boolean {
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
}

/**
 * The control plane for one request of a client that shows its user dialogs, and may be believed: what needs a confirmation
 * is asked there and then, and done or refused, both within the one call. What needs an approval is not: it takes a person
 * whom cos knows by itself.
 */
export function withDialogs<Plane extends { perform(call: Call): Promise<Outcome> }>(
  plane: Plane,
  extra: Extra,
): Plane {
  return {
    ...plane,
    async perform(call: Call) {
      const outcome = await plane.perform(call);
      if (outcome.status !== "confirm") return outcome;
      const { confirmToken } = outcome;
      const declined = (await ask(call, outcome, extra)) === "no";
      return await plane.perform({ ...call, confirmToken, confirmedBy: "person", declined });
    },
  };
}

/**
 * Asks the client's user. Closing the dialog, and not answering while the question holds, is a no.
 *
 * @throws CosError `cancelled` when the call is; `unavailable` when the client does not show the dialog.
 */
async function ask({ operation, input, engine, signal }: Call, asked: Confirm, extra: Extra): Promise<"yes" | "no"> {
  const { preview, reason, expiresInSeconds } = asked;
  const shown = JSON.stringify({ ...(engine === undefined ? {} : { engine }), ...(input as object) }, undefined, 1);
  const cut = shown.length > mostCharacters ? `${shown.slice(0, mostCharacters)}\n(and more)` : shown;
  const message = printable(`${preview.text}\n\n${reason}\n\n${operation} ${cut}`);
  const requestedSchema = { type: "object" as const, properties: {} };
  try {
    const { action } = await extra.sendRequest(
      { method: "elicitation/create", params: { mode: "form", message, requestedSchema } },
      ElicitResultSchema,
      { timeout: expiresInSeconds * 1000, ...(signal === undefined ? {} : { signal }) },
    );
    return action === "accept" ? "yes" : "no";
  } catch (error) {
    if (signal?.aborted === true) throw new CosError("cancelled", "The call was cancelled.");
    if (error instanceof McpError && error.code === requestTimeout) return "no";
    throw new CosError("unavailable", "The client did not show its user the question.", {
      hint: "Nothing has been done. Make the call again.",
      cause: error,
    });
  }
}
