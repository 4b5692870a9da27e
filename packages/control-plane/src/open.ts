import { createApprovals, createTickets, type Policy, readAuditLog } from "@cos/policy";
import type { ApprovalServer } from "./approvals/server.ts";
import { abortable } from "./abortable.ts";
import { catalogue } from "./catalogue.ts";
import { openConnections } from "./engines/connections.ts";
import type { EngineSettings } from "./engines/settings.ts";
import { findDue } from "./expiry.ts";
import { findPaths, isReadOnly } from "./installation.ts";
import { openInstallationLog, openKeys } from "./keys.ts";
import type { Caller } from "./caller.ts";
import { type ControlPlane, createControlPlane } from "./perform.ts";
import { once } from "./once.ts";
import { loadPolicy } from "./policy-source.ts";

export interface ControlPlaneConfig {
  /** Who writes the audit log, as part of its file name, e.g. `cli`. */
  readonly writer: string;
  /** The process's environment unless set. */
  readonly env?: NodeJS.ProcessEnv;
  /** The operator's rules; what the environment names unless set. */
  readonly policyFile?: string | undefined;
  /** Refuses everything but reads; what `COS_READ_ONLY` says unless set. */
  readonly readOnly?: boolean | undefined;
  /** The engines, the default first, as `loadEngines` finds them; the one that the docker CLI would use unless set. */
  readonly engines?: readonly EngineSettings[] | undefined;
  /** How often to remove what has expired, beside once after connecting; not unless set. */
  readonly reapEverySeconds?: number | undefined;
}

/** A control plane with its connections. */
export interface OpenControlPlane extends ControlPlane, AsyncDisposable {
  /** Reads the rules, as the first call does. @throws CosError when they are not right; every call then fails the same way. */
  loadPolicy(): Promise<Policy>;
  /**
   * Waits until a person has decided about a call that is `pending`.
   *
   * @throws CosError `cancelled`
   */
  settled(reference: string, signal?: AbortSignal): Promise<"approved" | "denied" | "expired">;
  /**
   * Whether an engine answers a ping, for who watches over this process: no policy is asked, and nothing is recorded. It is
   * connected to if it was not. An engine that nobody has named does not answer.
   */
  readonly answers: (engine: string, signal: AbortSignal) => Promise<boolean>;
  /** Closes every connection, as `Engine.close` of `@cos/core` does. */
  close(options?: { readonly handOver?: boolean }): Promise<void>;
}

const reaper: Caller = { kind: "reaper", name: "cos", hostRoots: [] };

/**
 * Puts cos together from its configuration. Connects to an engine when the first call needs one, or when it is time to
 * reap, and then removes what has expired, beside the calls. A key that cannot be used fails the calls, not the opening.
 */
export function openControlPlane(config: ControlPlaneConfig): OpenControlPlane {
  const { writer, env = process.env } = config;
  const paths = findPaths(env);
  const keys = once(() => openKeys(paths.keyFile));
  const audit = openInstallationLog(paths, writer, keys);
  const policy = once(() =>
    loadPolicy({
      file: config.policyFile ?? paths.policyFile,
      readOnly: config.readOnly ?? isReadOnly(env),
    }),
  );
  const approvals = createApprovals();
  let server: Promise<ApprovalServer> | undefined;

  const listen = async () => {
    server ??= import("./approvals/listen.ts").then(({ listenForApprovers }) =>
      listenForApprovers(paths, { approvals, audit, writer }),
    );
    await server.catch((error: unknown) => {
      server = undefined;
      throw error;
    });
  };
  const connections = openConnections(config.engines ?? [{ name: "local" }], {
    env,
    signer: () => keys().signer,
    reapEverySeconds: (config.readOnly ?? isReadOnly(env)) ? undefined : config.reapEverySeconds,
    async reap(engine) {
      try {
        const due = await findDue(engine, reaper, { now: new Date(), onlyExpired: true });
        if (Object.values(due).every((containers) => containers.length === 0)) return;
        await controlPlane.perform({ operation: "container_reap", input: {}, caller: reaper, engine: engine.name });
      } catch {
        // The audit log has the failure.
      }
    },
  });
  const controlPlane: ControlPlane = createControlPlane({
    operations: catalogue,
    engines: connections.byName,
    policy,
    audit,
    records: (options) => readAuditLog({ ...options, directory: paths.auditDirectory }),
    tickets: createTickets(),
    approvals,
    grants: {
      use: async (question, now) => {
        const { openGrantsFile } = await import("./grants-file.ts");
        return openGrantsFile(paths.grantsFile).use(question, now);
      },
    },
    listen,
    secrets: async (name) => {
      const { openSecretsTable } = await import("./secrets-table.ts");
      return await openSecretsTable(paths.secretsFile, env).get(name);
    },
  });

  const close = async (options: { readonly handOver?: boolean } = {}) => {
    const listening = await server?.catch(() => undefined);
    await listening?.close();
    await connections.close(options);
  };
  return {
    ...controlPlane,
    loadPolicy: policy,
    settled: (reference, signal) => approvals.settled(reference, signal),
    async answers(name, signal) {
      try {
        const connect = connections.byName.get(name);
        if (connect === undefined) return false;
        await (await abortable(connect(), signal)).ping({ signal });
        return true;
      } catch {
        return false;
      }
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}
