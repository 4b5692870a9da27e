import { CosError } from "@cos/core";

/** Why a connection failed, in a few words; undefined when `error` is no failure of a connection at all. */
export function describeFailure(error: unknown): string | undefined {
  const code = findSystemCode(error);
  if (code !== undefined) return describeSystemCode(code);
  return CosError.is(error) ? error.message.replace(/\.$/, "") : undefined;
}

/** The system's, TLS's or the HTTP parser's code of an error or of one of its causes, e.g. `ECONNREFUSED`. */
function findSystemCode(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth += 1) {
    const { code } = current as NodeJS.ErrnoException;
    if (!CosError.is(current) && typeof code === "string") return code;
    current = current.cause;
  }
  return undefined;
}

/** A code of the system or of TLS in words. Codes without words of their own are shown as they are. */
export function describeSystemCode(code: string): string {
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return "no such socket";
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "ECONNREFUSED":
      return "connection refused";
    case "ECONNRESET":
    case "EPIPE":
      return "the connection was reset";
    case "ETIMEDOUT":
      return "no answer in time";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "host name not found";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "host not reachable";
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return `it does not speak TLS (${code})`;
  }
  if (/ALERT/.test(code)) return `it refused the TLS connection, perhaps for want of a client certificate (${code})`;
  if (/CERT|SIGNATURE|ISSUER/.test(code)) return `its certificate is not trusted (${code})`;
  return `the connection failed (${code})`;
}
