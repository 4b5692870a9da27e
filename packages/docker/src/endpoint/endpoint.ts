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

/** An engine's socket on a machine that the user's ssh can reach. */
export interface SshEndpoint {
  readonly kind: "ssh";
  /** As ssh takes it: a host or an alias, with a user before it where one was given. Begins with no hyphen. */
  readonly destination: string;
  /** The port, where one was given; otherwise ssh's own configuration decides. */
  readonly port?: number;
  /** The engine's socket over there. */
  readonly socketPath: string;
}

/** Where an engine listens. */
export type Endpoint =
  | { readonly kind: "unix"; readonly path: string }
  | SshEndpoint
  | {
      readonly kind: "tcp";
      readonly host: string;
      readonly port: number;
      readonly tls?: TlsMaterial;
    };

/** The shortest limit of the supported systems for a socket's path: 104 bytes on macOS with the final NUL (108 on Linux). */
const maxSocketPathBytes = process.platform === "darwin" ? 103 : 107;

/** Where engines listen unless somebody has said otherwise. */
const usualSocket = "/var/run/docker.sock";
const sshForm =
  /^((?:[a-z0-9_][a-z0-9_.-]{0,63}@)?(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9_][a-z0-9_.-]{0,252}))(?::([0-9]{1,5}))?(\/.*)?$/i;
const schemeForm = /^([a-z][a-z0-9+.-]*):\/\//i;
const addressForm = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9._-]{0,252}))?(?::([0-9]{1,5}))?\/?$/i;
// oxlint-disable-next-line no-control-regex
const controlCharacter = /[\u0000-\u001f\u007f]/;

/**
 * Reads an engine's address as Docker writes it: `unix:///path`, `tcp://host:port` (2375, or 2376 with TLS, when no
 * port is given), `http://` and `https://` (80, 443), where an absent host means `localhost`, and
 * `ssh://[user@]host[:port][/path/to.sock]`, where the host may be an alias of the user's ssh.
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
      return parseSsh(rest);
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
  if (endpoint.kind === "ssh") {
    const { destination, port, socketPath } = endpoint;
    return `ssh://${destination}${port === undefined ? "" : `:${port}`}${socketPath === usualSocket ? "" : socketPath}`;
  }
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

/** What ssh gets as an argument begins with no hyphen and holds nothing that it would take for more than a name. */
function parseSsh(text: string): Endpoint {
  const [, target, portText, path = "/"] = sshForm.exec(text) ?? [];
  if (target === undefined) throw invalid("expected ssh://[user@]host[:port][/path]", "ssh://user@host");
  const port = portText === undefined ? undefined : Number(portText);
  if (port !== undefined && (port < 1 || port > 65_535)) throw invalid("a port lies between 1 and 65535");
  const socketPath = path === "/" ? usualSocket : path;
  if (controlCharacter.test(socketPath) || socketPath.includes(":")) {
    throw invalid("the socket's path contains a colon or a control character");
  }
  if (Buffer.byteLength(socketPath) > maxSocketPathBytes) {
    throw invalid(`a socket's path has at most ${maxSocketPathBytes} bytes`);
  }
  // ssh takes the address itself, without the brackets that URLs need.
  const destination = target.replace(/\[(.*)\]$/, "$1");
  return { kind: "ssh", destination, socketPath, ...(port === undefined ? {} : { port }) };
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
