import type { Engine, Signer } from "@cos/core";
import { connectDocker } from "@cos/docker";
import { findHelperImage } from "../installation.ts";
import { type Reaping, startReaping } from "../reaping.ts";
import type { EngineSettings } from "./settings.ts";

export interface ConnectionsParts {
  readonly env: NodeJS.ProcessEnv;
  readonly signer: () => Signer;
  /** Removes what has expired on an engine. Does not fail. */
  readonly reap: (engine: Engine) => Promise<void>;
  /** How often; not unless set. */
  readonly reapEverySeconds: number | undefined;
}

/** The engines of a control plane, each connected when it is first needed, and looked after from then on. */
export interface Connections {
  readonly byName: ReadonlyMap<string, () => Promise<Engine>>;
  /** Closes every connection, as `Engine.close` does. */
  close(options: { readonly handOver?: boolean }): Promise<void>;
}

/** @param settings the default first; it alone is connected to for reaping. */
export function openConnections(settings: readonly EngineSettings[], parts: ConnectionsParts): Connections {
  const connections = settings.map((engine, index) => openConnection(engine, index === 0, parts));
  return {
    byName: new Map(settings.map(({ name }, index) => [name, connections[index]?.connect ?? unreachable])),
    async close(options) {
      await Promise.all(connections.map((connection) => connection.close(options)));
    },
  };
}

function unreachable(): never {
  throw new TypeError("every engine has a connection");
}

function openConnection(settings: EngineSettings, isDefault: boolean, parts: ConnectionsParts) {
  let connection: Promise<Engine> | undefined;
  const open = async () => {
    const engine = await connectTo(settings, parts);
    reaping.connected(engine);
    return engine;
  };
  const connect = () => {
    if (connection !== undefined) return connection;
    const opening = open();
    connection = opening;
    // The next call tries again.
    opening.catch(() => (connection = undefined));
    return opening;
  };
  const reaping: Reaping = startReaping({
    connect: () => (isDefault ? connect() : (connection ?? Promise.reject(new Error("nobody has used it yet")))),
    everySeconds: parts.reapEverySeconds,
    reap: parts.reap,
  });
  return {
    connect,
    async close(options: { readonly handOver?: boolean }) {
      reaping.stop();
      const engine = await connection?.catch(() => undefined);
      await reaping.finish(engine);
      await engine?.close(options);
    },
  };
}

/** An engine that the operator named is reached by that alone, whatever the environment says of others. */
async function connectTo(
  { name, host, context, certPath, helperImage }: EngineSettings,
  { env, signer }: ConnectionsParts,
): Promise<Engine> {
  const named = host !== undefined || context !== undefined;
  const { DOCKER_HOST: _host, DOCKER_TLS_VERIFY: _verify, DOCKER_TLS: _tls, DOCKER_CERT_PATH: _path, ...others } = env;
  const own = {
    ...others,
    DOCKER_CONTEXT: context,
    ...(certPath === undefined ? {} : { DOCKER_CERT_PATH: certPath, DOCKER_TLS_VERIFY: "1" }),
  };
  return await connectDocker({
    name,
    env: named ? own : env,
    signer: signer(),
    ...(host === undefined ? {} : { host }),
    helperImage: helperImage ?? findHelperImage(env),
  });
}
