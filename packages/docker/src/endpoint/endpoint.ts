import { CosError } from "@cos/core";

/** What a TLS connection to an engine is made with, in the names that `node:tls` uses. */
export interface TlsMaterial {
  /** Who may have signed the engine's certificate (PEM). Absent: the authorities that the system trusts. */
  readonly ca?: Buffer;
  /** The client's own certificate (PEM). Comes together with `key`. */
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** Always set, so that no environment variable of Node can switch the check off. */
  readonly rejectUnauthorized: true;
}

/** Where an engine listens. */
export type Endpoint =
  | { readonly kind: "unix"; readonly path: string }
  | {
      readonly kind: "tcp";
      readonly host: string;
      readonly port: number;
      readonly tls?: TlsMaterial;
    };

/** The shortest limit of the supported systems for a socket's path: 104 bytes on macOS with the final NUL (108 on Linux). */
const maxSocketPathBytes = process.platform === "darwin" ? 103 : 107;

const schemeForm = /^([a-z][a-z0-9+.-]*):\/\//i;
const addressForm = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9._-]{0,252}))?(?::([0-9]{1,5}))?\/?$/i;
// oxlint-disable-next-line no-control-regex
const controlCharacter = /[\u0000-\u001f\u007f]/;

/**
 * Reads an engine's address as Docker writes it: `unix:///path`, `tcp://host:port` (2375, or 2376 with TLS, when no
 * port is given), `http://` and `https://` (80, 443). An absent host means `localhost`.
 *
 * @param tls what to speak TLS with. `https://` speaks TLS without it too; a unix socket never does.
 * @throws CosError `invalid_argument`; `unsupported` for addresses that only other clients understand. The address is
 * not repeated in the message, because it may contain a password.
 */
export function parseEndpoint(url: string, tls?: TlsMaterial): Endpoint {
  const scheme = schemeForm.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) throw invalid("it has no scheme", url.startsWith("/") ? "unix://" : "tcp://");
  const rest = url.slice(scheme.length + 3);
  switch (scheme) {
    case "unix":
      return parseSocketPath(rest);
    case "tcp":
      return parseAddress(rest, tls === undefined ? 2375 : 2376, tls);
    case "http":
      if (tls === undefined) return parseAddress(rest, 80);
      throw invalid("it says http:// where TLS is configured", "https://");
    case "https":
      return parseAddress(rest, 443, tls ?? { rejectUnauthorized: true });
    case "ssh":
      throw new CosError("unsupported", "Engines behind ssh:// are not supported yet.", {
        hint: 'Forward the socket with "ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock HOST" and use unix:///tmp/engine.sock.',
      });
    case "npipe":
      throw new CosError("unsupported", "Windows named pipes (npipe://) are not supported.", {
        hint: "Run cos inside WSL, or let the engine listen on tcp:// with TLS.",
      });
    default:
      throw new CosError("unsupported", "The engine's address has a scheme that is not supported.", {
        hint: "Use unix:///path/to.sock, tcp://host:port or https://host:port.",
      });
  }
}

/** An endpoint in words. Contains no secret: safe to show. */
export function describeEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === "unix") return `unix://${endpoint.path}`;
  const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host;
  return `tcp://${host}:${endpoint.port}${endpoint.tls === undefined ? "" : " with TLS"}`;
}

function parseSocketPath(path: string): Endpoint {
  if (!path.startsWith("/")) throw invalid("a unix:// address needs an absolute path", "unix:///var/run/docker.sock");
  if (controlCharacter.test(path)) throw invalid("its path contains a control character");
  if (Buffer.byteLength(path) > maxSocketPathBytes) {
    throw invalid(`a socket's path has at most ${maxSocketPathBytes} bytes`);
  }
  return { kind: "unix", path };
}

function parseAddress(text: string, defaultPort: number, tls?: TlsMaterial): Endpoint {
  if (text.includes("@")) throw invalid("user names and passwords do not belong in it");
  const match = addressForm.exec(text);
  if (match === null) throw invalid("expected host:port and nothing after it");
  const host = match[1] ?? "localhost";
  if (host.startsWith("[") && !URL.canParse(`http://${host}`)) throw invalid("its IPv6 address is malformed");
  const port = match[2] === undefined ? defaultPort : Number(match[2]);
  if (port < 1 || port > 65_535) throw invalid("a port lies between 1 and 65535");
  return {
    kind: "tcp",
    host: host.startsWith("[") ? host.slice(1, -1) : host,
    port,
    ...(tls === undefined ? {} : { tls }),
  };
}

function invalid(why: string, meant?: string): CosError {
  return new CosError("invalid_argument", `The engine's address cannot be used: ${why}.`, {
    hint:
      meant === undefined
        ? "Use unix:///path/to.sock, tcp://host:port or https://host:port."
        : `Write it with ${meant}, for example unix:///var/run/docker.sock or tcp://127.0.0.1:2375.`,
  });
}
