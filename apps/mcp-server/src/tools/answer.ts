import type { Outcome } from "@cos/control-plane";
import { CosError, printable } from "@cos/core";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { sayFailure } from "../say.ts";

/** An outcome as a tool's answer: the envelope that every tool's output schema states, and the same in words. */
export function fromOutcome(outcome: Outcome): CallToolResult {
  switch (outcome.status) {
    case "done": {
      const { status, result, text } = outcome;
      return answer(text, { status, result });
    }
    case "confirm": {
      const { status, preview, confirmToken, expiresInSeconds, rule, reason } = outcome;
      const next = `To do exactly this, make the same call again with confirmToken="${confirmToken}" within ${expiresInSeconds} s.`;
      const envelope = { status, preview, confirmToken, expiresInSeconds, rule, reason };
      return answer(`${preview.text}\nNothing has been done yet: ${reason}\n${next}`, envelope);
    }
    case "pending": {
      const { status, preview, reference, expiresInSeconds, rule, reason } = outcome;
      const next = `A person has to approve it within ${expiresInSeconds} s, with: cos approvals approve ${reference}\nThen make the same call again.`;
      const envelope = { status, preview, reference, expiresInSeconds, rule, reason };
      return answer(`${preview.text}\nNothing has been done yet: ${reason}\n${next}`, envelope);
    }
    case "denied": {
      const { status, rule, reason } = outcome;
      return { ...answer(`Error: ${reason} (denied by the rule ${rule})`, { status, rule, reason }), isError: true };
    }
  }
}

/** A failure as a tool's answer: what happened, its code, and what to do next. Its cause is for the operator alone. */
export function fromError(error: unknown): CallToolResult {
  const failure = CosError.from(error);
  const { code, message } = failure;
  if (code === "internal") sayFailure(failure);
  // What does not parse is told with what is wrong; where to look is for the front end to say.
  const hint = failure.hint ?? (code === "invalid_argument" ? "Look at the tool's input schema." : undefined);
  return {
    ...answer(`Error: ${message} (${code})${hint === undefined ? "" : `\nhint: ${hint}`}`),
    isError: true,
  };
}

function answer(text: string, structuredContent?: Record<string, unknown>): CallToolResult {
  const content: CallToolResult["content"] = [{ type: "text", text: printable(text) }];
  return structuredContent === undefined ? { content } : { content, structuredContent };
}
