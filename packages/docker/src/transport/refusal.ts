import { CosError, type ErrorCode } from "@cos/core";

const codes: Readonly<Record<number, ErrorCode>> = {
  400: "invalid_argument",
  401: "denied",
  403: "denied",
  404: "not_found",
  409: "conflict",
  501: "unsupported",
  503: "unavailable",
};

/** What Podman says, as an internal error, where Docker answers that the state of things is in the way. */
const conflicts = /container state improper|network already exists|is being used|already in use/i;

/** What Podman says of an id that no image has, which it then takes for a name. */
const unknownImage = /^normalizing (?:image|name).*"[0-9a-f]{64}"/;

/** What the engine answered instead of doing what was asked, as an error with `details.status`. */
export function toRefusal(answered: number, body: string): CosError {
  const said = engineMessage(body);
  const status = answered !== 500 ? answered : conflicts.test(said) ? 409 : unknownImage.test(said) ? 404 : answered;
  if (status >= 500 && /no space left on device/i.test(said)) {
    return new CosError("failed_precondition", `The engine's disk is full: ${said}`, {
      hint: "Remove what is no longer used, e.g. stopped containers: cos gc",
      details: { status },
    });
  }
  return new CosError(codes[status] ?? "internal", `The engine refused: ${said}`, { details: { status } });
}

/** The HTTP status of an engine's refusal, or undefined for any other error. */
export function refusalStatus(error: unknown): number | undefined {
  const status = CosError.is(error) ? error.details?.["status"] : undefined;
  return typeof status === "number" ? status : undefined;
}

/** The engine's own words from an error body: one line of bounded length without control characters. */
export function engineMessage(body: string): string {
  let text = body;
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null && "message" in parsed && typeof parsed.message === "string") {
      text = parsed.message;
    }
  } catch {
    // Not JSON: the text itself is the message.
  }
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
  return line.length > 500 ? `${line.slice(0, 500)}…` : line || "no reason given";
}
