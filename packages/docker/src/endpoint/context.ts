import { join } from "node:path";
import { CosError } from "@cos/core";
import { isObject, readDockerConfig, readJsonObject } from "./docker-config.ts";
import { type Endpoint, parseEndpoint } from "./endpoint.ts";
import { readTlsMaterial } from "./tls-files.ts";

/** Docker's grammar for the name of a context. */
const contextName = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]*$/;

/**
 * The Docker context that is in use: `DOCKER_CONTEXT`, else what `docker context use` wrote down.
 *
 * @param directory where Docker's client keeps its configuration.
 * @returns undefined for the context `default`, which stands for the usual sockets.
 * @throws CosError `failed_precondition` when the configuration cannot be read: which engine is meant is then unknown.
 */
export function currentContextName(env: NodeJS.ProcessEnv, directory: string | undefined): string | undefined {
  const name = env["DOCKER_CONTEXT"] || readDockerConfig(directory)["currentContext"];
  if (name === undefined || name === "" || name === "default") return undefined;
  if (typeof name === "string" && contextName.test(name)) return name;
  throw new CosError("failed_precondition", "The name of the current Docker context is malformed.", {
    hint: "Choose one with: docker context use NAME",
  });
}

/**
 * The engine that a Docker context points to, with its TLS material.
 *
 * @param directory where Docker's client keeps its configuration.
 * @throws CosError `not_found`; `failed_precondition` when its files are malformed or it asks to trust any certificate;
 * everything that `parseEndpoint` throws.
 */
export async function getContextEndpoint(name: string, directory: string): Promise<Endpoint> {
  // Only needed when a context is in use, and that is rare: not loaded at start-up.
  const { createHash } = await import("node:crypto");
  const id = createHash("sha256").update(name).digest("hex");
  const subject = `The Docker context ${JSON.stringify(name)}`;

  const metaFile = join(directory, "contexts", "meta", id, "meta.json");
  const meta = readJsonObject(metaFile);
  if (meta === undefined) {
    throw new CosError("not_found", `${subject} does not exist in ${directory}.`, {
      hint: 'See "docker context ls", or choose the usual sockets with DOCKER_CONTEXT=default.',
    });
  }
  const endpoints = meta["Endpoints"];
  const docker = isObject(endpoints) ? endpoints["docker"] : undefined;
  const host = isObject(docker) ? docker["Host"] : undefined;
  if (meta["Name"] !== name || !isObject(docker) || typeof host !== "string") {
    throw new CosError("failed_precondition", `${subject} has no usable Docker endpoint in ${metaFile}.`, {
      hint: "Create the context again with: docker context create",
    });
  }
  if (host.startsWith("unix:")) return parseEndpoint(host);
  if (docker["SkipTLSVerify"] === true) {
    throw new CosError(
      "failed_precondition",
      `${subject} asks to trust any certificate (SkipTLSVerify); cos does not.`,
      {
        hint: "Give the context the engine's CA certificate: docker context update NAME --docker host=…,ca=ca.pem",
      },
    );
  }
  return parseEndpoint(host, readTlsMaterial(join(directory, "contexts", "tls", id, "docker")));
}
