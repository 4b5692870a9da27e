import { CosError, type CallOptions } from "@cos/core";
import { dockerConfigDirectory, isObject, readDockerConfig } from "../endpoint/docker-config.ts";

/** What a registry is given to let somebody in: a user name with a password, or an identity token. */
export interface RegistryAuth {
  /** The registry's key in Docker's configuration, e.g. `ghcr.io` or `https://index.docker.io/v1/`. */
  readonly registry: string;
  readonly username: string;
  readonly password: string;
  /** Counts instead of the password when it is not empty. */
  readonly identityToken: string;
}

export interface FindAuthOptions extends CallOptions {
  /** How long a credential helper may take, in milliseconds. Default 10,000: one that must unlock a key store asks its user. */
  readonly helperDeadlineMs?: number;
}

/** Docker Hub goes by this key everywhere in Docker's configuration. */
const hubKey = "https://index.docker.io/v1/";
/** Credentials are a few hundred bytes; tokens of cloud registries reach some thousands. */
const maxHelperOutputBytes = 64 * 1024;

const registryDomain = /^[a-zA-Z0-9.-]+(?::[0-9]{1,5})?$/;
const helperName = /^[a-z0-9.-]+$/;

/**
 * The credentials that Docker's own configuration holds for exactly one registry: from the credential helper of that
 * registry, else from the common credential store, else from `config.json` itself.
 *
 * @param domain the registry as an image reference names it, e.g. `docker.io`, `ghcr.io`, `localhost:5000`.
 * @param env where `DOCKER_CONFIG`, `HOME` and, for helpers, `PATH` come from.
 * @returns undefined when none are stored.
 * @throws CosError `invalid_argument` for a malformed domain; `failed_precondition` when the configuration or a helper
 * does not work; `deadline_exceeded` when a helper does not answer; `cancelled`. No message contains a credential.
 */
export async function findRegistryAuth(
  domain: string,
  env: NodeJS.ProcessEnv,
  options: FindAuthOptions = {},
): Promise<RegistryAuth | undefined> {
  if (!registryDomain.test(domain)) throw new CosError("invalid_argument", "The registry's name is malformed.");
  const registry = canonicalRegistry(domain);
  const config = readDockerConfig(dockerConfigDirectory(env));

  const own = findEntry(config["credHelpers"], registry);
  if (own !== undefined) return await askHelper(own, registry, env, options);
  const store = config["credsStore"];
  const stored = store === undefined || store === "" ? undefined : await askHelper(store, registry, env, options);
  return stored ?? fromConfigEntry(findEntry(config["auths"], registry), registry);
}

/** The value of Docker's `X-Registry-Auth` header. Without credentials it says so, which registries take as anonymous. */
export function toAuthHeader(auth: RegistryAuth | undefined): string {
  const body =
    auth === undefined
      ? {}
      : auth.identityToken === ""
        ? { username: auth.username, password: auth.password, serveraddress: auth.registry }
        : {
            username: auth.username,
            identitytoken: auth.identityToken,
            serveraddress: auth.registry,
          };
  // The engine's decoder wants the URL alphabet with padding; Node's "base64url" leaves the padding out.
  return Buffer.from(JSON.stringify(body)).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
}

/**
 * One spelling for each registry: scheme, the API's version and a closing slash are left out. Any other path stays,
 * because credentials for a part of a registry are not credentials for the registry.
 */
function canonicalRegistry(key: string): string {
  const host = key
    .toLowerCase()
    .replace(/^https?:\/\//, "")
    .replace(/(?:\/v[12])?\/?$/, "");
  return host === "docker.io" || host === "index.docker.io" ? hubKey : host;
}

/** The entry of a registry in an object of `config.json`: its exact key, else another spelling of it. */
function findEntry(entries: unknown, registry: string): unknown {
  if (!isObject(entries)) return undefined;
  if (Object.hasOwn(entries, registry)) return entries[registry];
  return Object.entries(entries).find(([key]) => canonicalRegistry(key) === registry)?.[1];
}

function fromConfigEntry(entry: unknown, registry: string): RegistryAuth | undefined {
  if (!isObject(entry)) return undefined;
  const text = (key: string) => (typeof entry[key] === "string" ? entry[key] : "");
  let username = text("username");
  let password = text("password");
  if (text("auth") !== "") {
    const decoded = Buffer.from(text("auth"), "base64").toString("utf8");
    const colon = decoded.indexOf(":");
    if (colon < 1) {
      throw new CosError(
        "failed_precondition",
        `The credentials for ${registry} in Docker's config.json are malformed.`,
        {
          hint: `Sign in again: docker login ${loginName(registry)}`,
        },
      );
    }
    username = decoded.slice(0, colon);
    password = decoded.slice(colon + 1).replace(/\0+$/, "");
  }
  return orNothing({ registry, username, password, identityToken: text("identitytoken") });
}

async function askHelper(
  name: unknown,
  registry: string,
  env: NodeJS.ProcessEnv,
  options: FindAuthOptions,
): Promise<RegistryAuth | undefined> {
  if (typeof name !== "string" || !helperName.test(name)) {
    throw new CosError(
      "failed_precondition",
      `Docker's config.json names a malformed credential helper for ${registry}.`,
      {
        hint: "A helper's name has only a-z, 0-9, dots and hyphens; correct credsStore or credHelpers.",
      },
    );
  }
  const program = `docker-credential-${name}`;
  const output = await runHelper(program, registry, env, options);
  if (output === undefined) return undefined;

  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    // The parser's own message quotes the text, which contains credentials.
  }
  if (!isObject(answer) || typeof answer["Username"] !== "string" || typeof answer["Secret"] !== "string") {
    throw helperFailed(program, registry, "did not answer with credentials");
  }
  const server = answer["ServerURL"];
  if (typeof server === "string" && server !== "" && canonicalRegistry(server) !== registry) {
    throw helperFailed(program, registry, "answered for another registry");
  }
  const { Username: username, Secret: secret } = answer as { Username: string; Secret: string };
  return orNothing(
    username === "<token>"
      ? { registry, username: "", password: "", identityToken: secret }
      : { registry, username, password: secret, identityToken: "" },
  );
}

/** What a helper prints when it is asked for a registry; undefined when it has nothing for it. */
async function runHelper(
  program: string,
  registry: string,
  env: NodeJS.ProcessEnv,
  { signal, helperDeadlineMs = 10_000 }: FindAuthOptions,
): Promise<string | undefined> {
  if (signal?.aborted === true) throw new CosError("cancelled", "The call was cancelled.");
  const { execFile } = await import("node:child_process");
  return await new Promise((resolve, reject) => {
    const child = execFile(
      program,
      ["get"],
      {
        env,
        signal,
        timeout: helperDeadlineMs,
        killSignal: "SIGKILL",
        maxBuffer: maxHelperOutputBytes,
        windowsHide: true,
      },
      (error, stdout) => {
        if (error === null) return resolve(stdout);
        // What the helper printed may contain credentials and is therefore neither shown nor kept as the cause.
        if (error.name === "AbortError") return reject(new CosError("cancelled", "The call was cancelled."));
        if (error.code === "ENOENT") return reject(helperFailed(program, registry, "is not installed"));
        if (error.code === "EACCES") return reject(helperFailed(program, registry, "may not be run"));
        if (error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") {
          return reject(helperFailed(program, registry, "printed far more than credentials"));
        }
        if (error.killed === true) {
          return reject(
            new CosError("deadline_exceeded", `${program} did not answer within ${helperDeadlineMs} ms.`, {
              hint: "It may be waiting for a key store to be unlocked: unlock it and try again.",
            }),
          );
        }
        if (stdout.includes("credentials not found")) return resolve(undefined);
        reject(helperFailed(program, registry, `failed (${error.signal ?? `exit code ${String(error.code)}`})`));
      },
    );
    // A helper may end without reading its input; its exit says what happened.
    child.stdin?.on("error", () => {});
    child.stdin?.end(registry);
  });
}

function helperFailed(program: string, registry: string, what: string): CosError {
  return new CosError("failed_precondition", `The credential helper ${program} ${what}, asked for ${registry}.`, {
    hint: `Sign in again with "docker login ${loginName(registry)}", or correct credsStore and credHelpers in Docker's config.json.`,
  });
}

/** A registry as `docker login` wants it: Docker Hub has no name there. */
function loginName(registry: string): string {
  return registry === hubKey ? "" : registry;
}

function orNothing(auth: RegistryAuth): RegistryAuth | undefined {
  return (auth.username === "" || auth.password === "") && auth.identityToken === "" ? undefined : auth;
}
