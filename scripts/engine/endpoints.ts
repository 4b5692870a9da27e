import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** A place where a container engine may answer. */
export interface Endpoint {
  /** `unix:///path` or `tcp://host:port`. */
  readonly url: string;
  /** Who named it, in words for a person. */
  readonly origin: string;
  /** Folder with ca.pem, cert.pem and key.pem; absent when the engine speaks plain HTTP. */
  readonly certificates?: string;
  /** The user chose this engine: when it does not answer, nothing else may be installed in its place. */
  readonly chosen: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The socket of the engine that `start.sh` starts. */
function ownSocket(env: Environment): string {
  return join(env["DEV_ENGINE_DIR"] ?? "/var/run", "docker.sock");
}

/**
 * Everywhere an engine may be, in the order of preference: DOCKER_HOST alone when it is set, else the
 * current Docker context and the usual sockets of Docker, Docker Desktop and Podman.
 */
export function listEndpoints(env: Environment): Endpoint[] {
  const own = `unix://${ownSocket(env)}`;
  const host = env["DOCKER_HOST"];
  const config = env["DOCKER_CONFIG"] ?? join(homedir(), ".docker");
  if (host !== undefined && host !== "") {
    const tls = env["DOCKER_TLS_VERIFY"] ? { certificates: env["DOCKER_CERT_PATH"] ?? config } : {};
    return [{ url: host, origin: "DOCKER_HOST", chosen: host !== own, ...tls }];
  }
  if (env["DEV_ENGINE_DIR"] !== undefined) return [{ url: own, origin: "DEV_ENGINE_DIR", chosen: false }];
  const runtime = env["XDG_RUNTIME_DIR"] ?? `/run/user/${String(process.getuid?.())}`;
  const sockets = [
    ownSocket(env),
    join(runtime, "docker.sock"),
    join(config, "run/docker.sock"),
    join(config, "desktop/docker.sock"),
    join(runtime, "podman/podman.sock"),
    "/run/podman/podman.sock",
    join(homedir(), ".local/share/containers/podman/machine/podman.sock"),
  ];
  return [
    ...currentContext(env, config),
    ...sockets.map((path) => ({ url: `unix://${path}`, origin: "usual socket", chosen: false })),
  ];
}

function currentContext(env: Environment, config: string): Endpoint[] {
  const name = env["DOCKER_CONTEXT"] ?? readJson(join(config, "config.json"))?.["currentContext"];
  if (typeof name !== "string" || name === "" || name === "default") return [];
  const id = createHash("sha256").update(name).digest("hex");
  const meta = readJson(join(config, "contexts/meta", id, "meta.json")) as
    | { Endpoints?: { docker?: { Host?: string } } }
    | undefined;
  const url = meta?.Endpoints?.docker?.Host;
  if (url === undefined) return [];
  const certificates = join(config, "contexts/tls", id, "docker");
  return [
    {
      url,
      origin: `context ${name}`,
      chosen: true,
      ...(existsSync(certificates) ? { certificates } : {}),
    },
  ];
}

function readJson(path: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
