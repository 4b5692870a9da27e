import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { CosError } from "@cos/core";
import { currentContextName, getContextEndpoint } from "./context.ts";
import { dockerConfigDirectory, homeDirectory } from "./docker-config.ts";
import { type Endpoint, parseEndpoint, type TlsMaterial } from "./endpoint.ts";
import { describeSystemCode } from "./failure-reason.ts";
import { readTlsMaterial } from "./tls-files.ts";

/** A place where an engine may answer, and how it was found. */
export interface Candidate {
  /** In words, e.g. `DOCKER_HOST` or `rootful socket`. */
  readonly source: string;
  readonly endpoint: Endpoint;
  /** Somebody asked for exactly this one, so no other may take its place. */
  readonly explicit: boolean;
}

/** A place where no engine can answer. */
export interface DeadEnd {
  readonly source: string;
  readonly endpoint: Endpoint;
  /** Why, in a few words. */
  readonly problem: string;
}

/**
 * The places where an engine may answer, in the order in which they count. Lazy: a later one costs nothing until
 * it is asked for. `DOCKER_HOST` comes alone, and so does a Docker context; else the usual sockets follow.
 *
 * @throws CosError when what the user asked for cannot be used: `invalid_argument`, `unsupported`, `not_found`,
 * `failed_precondition`.
 * @param chosenBy what gave `DOCKER_HOST` its value, where that is not the user's environment.
 */
export async function* listCandidates(
  env: NodeJS.ProcessEnv,
  home = homeDirectory(env),
  uid = process.getuid?.(),
  chosenBy?: string,
): AsyncGenerator<Candidate | DeadEnd, void, undefined> {
  const directory = dockerConfigDirectory(env, home);
  if (env["DOCKER_HOST"]) {
    const host = env["DOCKER_HOST"];
    const source = chosenBy ?? "DOCKER_HOST";
    const certPath = chosenBy === undefined ? "DOCKER_CERT_PATH" : "certPath";
    const tls = host.startsWith("unix:") ? undefined : environmentTls(env, directory, certPath);
    yield { source, endpoint: named(source, () => parseEndpoint(host, tls)), explicit: true };
    return;
  }
  const context = currentContextName(env, directory);
  if (context !== undefined) {
    if (directory === undefined) throw new CosError("failed_precondition", "Docker contexts need a home directory.");
    const source = `Docker context ${JSON.stringify(context)}`;
    yield { source, endpoint: await getContextEndpoint(context, directory), explicit: true };
    return;
  }
  for (const [source, path] of usualSockets(env, home, uid)) {
    const endpoint: Endpoint = { kind: "unix", path };
    const problem = socketProblem(path);
    yield problem === undefined ? { source, endpoint, explicit: false } : { source, endpoint, problem };
  }
}

/**
 * `DOCKER_TLS_VERIFY`, `DOCKER_TLS` and `DOCKER_CERT_PATH`: each of them asks for TLS, and cos always verifies.
 *
 * @param certPath what the user knows the directory of the files by.
 */
function environmentTls(
  env: NodeJS.ProcessEnv,
  configDirectory: string | undefined,
  certPath: string,
): TlsMaterial | undefined {
  if (!env["DOCKER_TLS_VERIFY"] && !env["DOCKER_TLS"] && !env["DOCKER_CERT_PATH"]) return undefined;
  const directory = env["DOCKER_CERT_PATH"] || configDirectory;
  const tls = directory === undefined ? undefined : readTlsMaterial(directory);
  if (tls !== undefined || !env["DOCKER_CERT_PATH"]) return tls ?? { rejectUnauthorized: true };
  throw new CosError("failed_precondition", `${certPath} (${directory}) has no ca.pem, cert.pem or key.pem.`, {
    hint: `Set ${certPath} to the directory with the engine's TLS files.`,
  });
}

function* usualSockets(
  env: NodeJS.ProcessEnv,
  home: string | undefined,
  uid: number | undefined,
): Generator<[string, string]> {
  const runtime = env["XDG_RUNTIME_DIR"] || (uid === undefined ? undefined : `/run/user/${uid}`);
  yield ["rootful socket", "/var/run/docker.sock"];
  if (runtime !== undefined) yield ["rootless socket", join(runtime, "docker.sock")];
  if (home !== undefined) {
    yield ["Docker Desktop", join(home, ".docker/run/docker.sock")];
    yield ["Docker Desktop on Linux", join(home, ".docker/desktop/docker.sock")];
    yield ["Colima", join(home, ".colima/default/docker.sock")];
    yield ["OrbStack", join(home, ".orbstack/run/docker.sock")];
    yield ["Rancher Desktop", join(home, ".rd/docker.sock")];
  }
  yield ["rootful Podman", "/run/podman/podman.sock"];
  if (runtime !== undefined) yield ["rootless Podman", join(runtime, "podman/podman.sock")];
}

/** Why nothing can answer on a socket, judged without connecting. */
function socketProblem(path: string): string | undefined {
  try {
    if (!statSync(path).isSocket()) return "not a socket";
    accessSync(path, constants.W_OK);
    return undefined;
  } catch (error) {
    return describeSystemCode((error as NodeJS.ErrnoException).code ?? "");
  }
}

/** Says in an error where the value came from. */
function named<T>(source: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { code, message, hint, details, cause } = CosError.from(error);
    throw new CosError(code, `${source}: ${message}`, { hint, details, cause });
  }
}
