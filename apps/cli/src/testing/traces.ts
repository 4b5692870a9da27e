import type { AuditRecord } from "@cos/control-plane";
import type { Installation } from "./cos.ts";
import { recordRequests } from "./engine.ts";

/** What calls left behind. */
export interface Traces<T> {
  readonly answer: T;
  /** What they asked of the engine, e.g. `GET /_ping`. */
  readonly requests: readonly string[];
  /** What of that could have changed something. */
  readonly changes: readonly string[];
  /** The records of them in the audit log. */
  readonly events: readonly AuditRecord[];
}

/** Watches an installation's way to the engine, and its audit log. */
export interface Tracer {
  /** Has the commands of the installation reach the engine where they are watched. Raw streams do not pass. */
  readonly env: { readonly DOCKER_HOST: string };
  trace<T>(calls: () => Promise<T>): Promise<Traces<T>>;
  close(): void;
}

export async function openTracer(installation: Installation): Promise<Tracer> {
  const { address, requests, close } = await recordRequests(installation.home);
  return {
    env: { DOCKER_HOST: address },
    close,
    async trace(calls) {
      const before = installation.auditEvents();
      const asked = requests.length;
      const answer = await calls();
      const made = requests.slice(asked);
      const changes = made.filter((request) => !/^(?:GET|HEAD) /.test(request));
      return { answer, requests: made, changes, events: installation.auditEvents(before) };
    },
  };
}
