import { randomBytes } from "node:crypto";
import { CosError, createSigner, type Engine, type SecretSource } from "@cos/core";
import { createMemoryEngine, fakeBusybox, type MemoryProgram } from "@cos/core/testing";
import {
  type Approvals,
  type AuditEvent,
  createApprovals,
  createTickets,
  type Decision,
  definePolicy,
  findGrant,
  type Grant,
  type Policy,
  type Question,
  type Rule,
} from "@cos/policy";
import { catalogue } from "../catalogue.ts";
import type { Caller } from "../caller.ts";
import type { Operation } from "../operation.ts";
import { type Call, type ControlPlane, type ControlPlaneParts, createControlPlane } from "../perform.ts";

/** A person at a terminal, and an agent. */
export const person: Caller = { kind: "terminal", name: "user", hostRoots: [] };
export const agent: Caller = { kind: "stdio", name: "agent", hostRoots: [] };

/** Allows everything, so that a test's subject can be something else than policy. */
export const allowAll: Rule = { name: "all", decision: "allow", reason: "Everything is allowed here." };

/** A policy whose every answer is this. */
export function deciding(verdict: Decision["verdict"], rule = `${verdict}-all`): Policy {
  return definePolicy([{ name: rule, decision: verdict, reason: `Everything is ${verdict} here.` }]);
}

export interface BenchOptions {
  readonly operations?: readonly Operation[];
  readonly policy?: Policy;
  readonly grants?: readonly Grant[];
  /** Called when somebody has to be able to approve. */
  readonly onListen?: () => Promise<void>;
  /** The clock of tickets and approvals, in milliseconds. */
  readonly now?: () => number;
  /** Called before an event is kept; what it throws, the log throws. */
  readonly onRecord?: (event: AuditEvent) => void;
  /** The engine, also one that is still being connected to, or why there is none. */
  readonly engine?: Engine | Promise<Engine> | CosError;
  readonly images?: Readonly<Record<string, MemoryProgram>>;
  readonly secrets?: SecretSource;
  readonly records?: ControlPlaneParts["records"];
}

/** A control plane on an engine in memory, with an account of everything that it did. */
export interface Bench {
  readonly controlPlane: ControlPlane;
  readonly approvals: Approvals;
  /** What the audit log was told. */
  readonly events: AuditEvent[];
  /** What the engine was asked, e.g. `connect` and `jobs.run`, in order. */
  readonly engineCalls: string[];
  perform(operation: string, input: unknown, more?: Partial<Call>): ReturnType<ControlPlane["perform"]>;
}

export function openBench(options: BenchOptions = {}): Bench {
  const { operations = catalogue, policy = definePolicy([allowAll]), onRecord } = options;
  const signer = createSigner(randomBytes(32));
  const images = options.images ?? { "busybox:latest": fakeBusybox };
  const engine = options.engine ?? createMemoryEngine({ signer, images });
  const events: AuditEvent[] = [];
  const engineCalls: string[] = [];
  const connect = async () => {
    engineCalls.push("connect");
    if (CosError.is(engine)) throw engine;
    return recorded(await engine, engineCalls);
  };
  const audit = {
    record(event: AuditEvent) {
      onRecord?.(event);
      events.push(event);
    },
    recordSoon: async (event: AuditEvent) => audit.record(event),
  };
  const { now, grants = [] } = options;
  const approvals = createApprovals({ now });
  const controlPlane = createControlPlane({
    operations,
    engines: new Map([["memory", connect]]),
    policy: async () => policy,
    audit,
    records: options.records,
    tickets: createTickets({ now }),
    approvals,
    grants: { use: (question: Question, at: Date) => findGrant(grants, question, at) },
    listen: options.onListen ?? (async () => {}),
    secrets: options.secrets,
  });
  return {
    controlPlane,
    approvals,
    events,
    engineCalls,
    perform: (operation, input, more) => controlPlane.perform({ operation, input, caller: person, ...more }),
  };
}

/** The engine, with a note of every method that is called. */
function recorded<T extends object>(subject: T, calls: string[], path = ""): T {
  return new Proxy(subject, {
    get(from, key) {
      const value: unknown = Reflect.get(from, key);
      const name = `${path}${String(key)}`;
      if (typeof value === "function") {
        return (...given: unknown[]) => {
          calls.push(name);
          return Reflect.apply(value, from, given) as unknown;
        };
      }
      return typeof value === "object" && value !== null ? recorded(value, calls, `${name}.`) : value;
    },
  });
}
