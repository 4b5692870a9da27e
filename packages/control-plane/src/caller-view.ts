import { randomUUID } from "node:crypto";
import { CosError, type Engine, type EngineEvent } from "@cos/core";
import {
  type AuditLog,
  type AuditRecord,
  type Policy,
  type ReadOptions,
  type RuleForCaller,
  rulesFor,
} from "@cos/policy";
import { abortable } from "./abortable.ts";
import { assertCaller, type Caller } from "./caller.ts";
import { toQuestion } from "./question.ts";
import { isVisible } from "./summary.ts";
import { openTrail } from "./trail.ts";

/** A record of a caller's call as the caller may see it: what became of it, without what proves that it is genuine. */
export type OwnRecord = Pick<
  AuditRecord,
  "time" | "callId" | "stage" | "operation" | "effect" | "engine" | "target" | "rule" | "consent" | "reference" | "code"
>;

/**
 * What one caller may see beside the outcomes of its calls. Each is asked of policy and recorded like a read, under a
 * name of its own.
 *
 * @throws CosError `denied` when policy does not allow it.
 */
export interface CallerView {
  /**
   * What happens to containers that the caller may know of, as `Engine.events` tells it; on the first engine unless one is
   * named. It is asked, as `container_watch`, once the iteration begins.
   */
  events(options?: {
    readonly engine?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterable<EngineEvent>;
  /** The newest records of calls under the caller's name, oldest first. Asked as `audit_recent`. */
  records(options: { readonly last: number; readonly signal?: AbortSignal | undefined }): Promise<readonly OwnRecord[]>;
  /** Those that are written from now on, but for those of looking at the view. Asked as `audit_recent`. Endless. */
  newRecords(options: { readonly signal: AbortSignal }): Promise<AsyncIterable<OwnRecord>>;
  /** The rules that could decide about the caller's calls, in their order. Asked as `policy_show`. */
  rules(): Promise<readonly RuleForCaller[]>;
}

/** What a caller's view is made of. */
export interface ViewSources {
  /** Engines by name, the default first. Connecting happens when one is first needed. */
  readonly engines: ReadonlyMap<string, () => Promise<Engine>>;
  /** The rules. While they cannot be read, nothing is done. */
  readonly policy: () => Promise<Policy>;
  readonly audit: AuditLog;
  /** Reads the audit log; it is empty unless set. */
  readonly records?: ((options: Omit<ReadOptions, "directory">) => AsyncIterable<AuditRecord>) | undefined;
}

/** What policy is asked about that is no operation. */
export const viewReads = (["container_watch", "audit_recent", "policy_show"] as const).map(
  (name) => ({ name, effect: "read" }) as const,
);
type ViewRead = (typeof viewReads)[number]["name"];

export function viewOf(caller: Caller, { engines, policy, audit, records }: ViewSources): CallerView {
  const { kind, name } = caller;
  const [firstEngine = ""] = engines.keys();

  /** Reads something if policy allows it, and records what became of it. */
  async function read<T>(operation: ViewRead, engine: string, deed: () => Promise<T>): Promise<T> {
    assertCaller(caller);
    const about = { name: operation, effect: "read" } as const;
    const trail = openTrail(audit, { callId: randomUUID(), operation, effect: "read", engine, caller: { kind, name } });
    const { verdict, rule, reason } = await trail.step(async () =>
      (await policy()).decide(toQuestion(about, engine, caller, undefined, undefined)),
    );
    trail.learn({ rule });
    if (verdict !== "allow") {
      trail.record("denied");
      throw new CosError("denied", `${reason} (rule ${rule})`, {
        hint: `Only a rule that allows ${operation} shows this; there is nothing to confirm.`,
      });
    }
    const result = await trail.step(deed);
    trail.record("read");
    return result;
  }

  return {
    async *events({ engine = firstEngine, signal = new AbortController().signal } = {}) {
      const connect = engines.get(engine);
      if (connect === undefined) throw new CosError("not_found", `There is no engine named ${JSON.stringify(engine)}.`);
      const connected = await read("container_watch", engine, () => abortable(connect(), signal));
      for await (const event of connected.events({ signal })) {
        if (event.kind === "resync" || isVisible(event, caller)) yield event;
      }
    },
    records: ({ last, signal }) =>
      read("audit_recent", firstEngine, async () => {
        const own: OwnRecord[] = [];
        for await (const record of records?.({ filter: { callerName: name }, last, signal }) ?? none())
          own.push(toOwnRecord(record));
        return own;
      }),
    async newRecords({ signal }) {
      // Whatever is written before the log is watched counts, too.
      const filter = { callerName: name, since: new Date() };
      await read("audit_recent", firstEngine, () => Promise.resolve());
      return withoutLooks(records?.({ filter, follow: true, signal }) ?? none());
    },
    rules: () =>
      read("policy_show", firstEngine, async () =>
        rulesFor((await policy()).rules, { callerKind: kind, callerName: name }),
      ),
  };
}

async function* withoutLooks(records: AsyncIterable<AuditRecord>): AsyncGenerator<OwnRecord> {
  for await (const record of records)
    if (!viewReads.some(({ name }) => name === record.operation)) yield toOwnRecord(record);
}

async function* none(): AsyncGenerator<never> {}

function toOwnRecord({ time, callId, stage, operation, effect, engine, target, ...more }: AuditRecord): OwnRecord {
  const { rule, consent, reference, code } = more;
  return { time, callId, stage, operation, effect, engine, target, rule, consent, reference, code };
}
