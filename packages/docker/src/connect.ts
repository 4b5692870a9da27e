import { randomBytes } from "node:crypto";
import { CosError, createSigner, type Engine, isImageId, parseImageReference, type Signer } from "@cos/core";
import type { InfoBody } from "./api.ts";
import { DockerEngine } from "./docker-engine.ts";
import { discoverEndpoint } from "./endpoint/discover.ts";
import type { Endpoint } from "./endpoint/endpoint.ts";
import { toFacts } from "./facts.ts";
import { EngineClient, probeEngine } from "./transport/engine-client.ts";
import { Transport } from "./transport/transport.ts";

/** The oldest API that has what cos needs (Engine 20.10), and the newest it was written for and every later engine serves. */
const apiVersions = { oldest: [1, 41], newest: [1, 44] } as const;
/** How long one endpoint may take to answer, in milliseconds; behind ssh, which connects first, it may take longer. */
const probeDeadlineMs = { direct: 5_000, ssh: 40_000 } as const;
/** From here on the throughput of short jobs does not grow, by `bench/concurrency.ts`. */
const startsPerCpu = 3;

export interface ConnectOptions {
  /** What to call the engine; `local` unless set. */
  readonly name?: string;
  /** Its address, e.g. `unix:///var/run/docker.sock`. Without one, it is found the way the docker CLI finds it. */
  readonly host?: string;
  /**
   * Signs and recognises what this installation makes. Without one a fresh key is used, so that nothing made through
   * this connection is recognised after it.
   */
  readonly signer?: Signer;
  /** Where `DOCKER_HOST` and the like are read from; the process's own environment unless set. */
  readonly env?: NodeJS.ProcessEnv;
  /** Containers that start at a time, the others wait; three for each of its CPUs unless set. */
  readonly concurrentStarts?: number;
  /**
   * An image on the engine, by reference or id, that has `/bin/busybox`: commands that overrun in containers are killed
   * from it. Unless set it is `busybox:latest`, or one that is built from a static busybox of this machine. It is never
   * pulled.
   */
  readonly helperImage?: string | undefined;
}

/**
 * Connects to a Docker engine, or to one that speaks its API.
 *
 * @throws CosError `unavailable` listing every way that was tried; `unsupported` for an engine that is too old or an
 * address of a kind that cos cannot reach.
 */
export async function connectDocker(options: ConnectOptions = {}): Promise<Engine> {
  const { name = "local", host, env = process.env, signer = createSigner(randomBytes(32)), concurrentStarts } = options;
  const { helperImage } = options;
  if (helperImage !== undefined && !isImageId(helperImage) && parseImageReference(helperImage) === undefined) {
    throw new CosError("invalid_argument", "The helper image is not named by a reference or a full id.");
  }
  const where = host === undefined ? env : { ...env, DOCKER_HOST: host };
  const chosenBy = host === undefined ? undefined : `host of ${name}`;
  const { transport, apiVersion, info } = (
    await discoverEndpoint({ env: where, chosenBy, probe: (endpoint) => probe(endpoint, env) })
  ).probed;
  try {
    const client = new EngineClient(transport, pinVersion(apiVersion));
    const facts = toFacts(info, transport.endpoint);
    return new DockerEngine({
      name,
      client,
      facts,
      signer,
      env,
      concurrentStarts: concurrentStarts ?? startsPerCpu * facts.capabilities.cpus,
      helperImage,
    });
  } catch (error) {
    transport.close();
    throw error;
  }
}

async function probe(
  endpoint: Endpoint,
  env: NodeJS.ProcessEnv,
): Promise<{ transport: Transport; apiVersion: string; info: InfoBody }> {
  const transport = Transport.create(endpoint, env);
  try {
    return {
      transport,
      ...(await probeEngine(transport, { deadlineMs: probeDeadlineMs[endpoint.kind === "ssh" ? "ssh" : "direct"] })),
    };
  } catch (error) {
    transport.close();
    throw error;
  }
}

function pinVersion(offered: string): string {
  const [major = 0, minor = 0] = offered.split(".").map(Number);
  const [oldest, newest] = [apiVersions.oldest[1], apiVersions.newest[1]];
  if (major !== 1 || !(minor >= oldest)) {
    throw new CosError("unsupported", `The engine's API ${offered || "(unknown)"} is older than 1.${oldest}.`, {
      hint: "cos needs Docker Engine 20.10 or newer.",
    });
  }
  return `1.${Math.min(minor, newest)}`;
}
