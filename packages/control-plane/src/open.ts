import type { Engine } from "@cos/core";
import { connectDocker } from "@cos/docker";
import { allowOperations, openAuditLog } from "@cos/policy";
import { catalogue } from "./catalogue.ts";
import { findExpired } from "./expiry.ts";
import { findPaths, openSigner } from "./installation.ts";
import type { Caller } from "./operation.ts";
import { type ControlPlane, createControlPlane } from "./perform.ts";

export interface ControlPlaneConfig {
  /** Who writes the audit log, as part of its file name, e.g. `cli`. */
  readonly writer: string;
  /** The process's environment unless set. */
  readonly env?: NodeJS.ProcessEnv;
}

/** A control plane with its connections. */
export interface OpenControlPlane extends ControlPlane, AsyncDisposable {
  /** Closes every connection, as `Engine.close` of `@cos/core` does. */
  close(options?: { readonly handOver?: boolean }): Promise<void>;
}

/** How long after connecting expired containers are looked for, so that the first call is not held up. Milliseconds. */
const reapDelayMs = 50;

const reaper: Caller = { kind: "reaper", name: "cos", hostRoots: [] };

/**
 * Puts cos together from its configuration. Connects to an engine when the first call needs one, and then removes what
 * has expired, once and beside the call. A key that cannot be used fails the calls, not the opening.
 */
export function openControlPlane({ writer, env = process.env }: ControlPlaneConfig): OpenControlPlane {
  const paths = findPaths(env);
  let connection: Promise<Engine> | undefined;
  let reaping: Promise<void> | undefined;
  let reapSoon: NodeJS.Timeout | undefined;

  const open = async () => {
    const engine = await connectDocker({ env, signer: openSigner(paths.keyFile) });
    reapSoon = setTimeout(() => (reaping ??= reapExpired(engine)), reapDelayMs);
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
  const controlPlane = createControlPlane({
    operations: catalogue,
    engines: new Map([["local", connect]]),
    policy: allowOperations(catalogue.map(({ name }) => name)),
    audit: openAuditLog(paths.auditDirectory, writer),
  });

  async function reapExpired(engine: Engine): Promise<void> {
    try {
      const expired = await findExpired(engine, reaper, new Date());
      if (expired.length > 0) await controlPlane.perform({ operation: "container_reap", input: {}, caller: reaper });
    } catch {
      // The next start reaps what this one could not; the audit log has the failure.
    }
  }

  const close = async (options: { readonly handOver?: boolean } = {}) => {
    clearTimeout(reapSoon);
    const engine = await connection?.catch(() => undefined);
    if (engine === undefined) return;
    await (reaping ??= reapExpired(engine));
    await engine.close(options);
  };
  return { ...controlPlane, close, [Symbol.asyncDispose]: () => close() };
}
