import { randomBytes } from "node:crypto";
import { CosError, createSigner, type Engine } from "@cos/core";
import { createMemoryEngine, fakeBusybox, type MemoryProgram } from "@cos/core/testing";
import { allowOperations, type AuditEvent, type Policy } from "@cos/policy";
import { catalogue } from "../catalogue.ts";
import type { Caller, Operation } from "../operation.ts";
import { type Call, type ControlPlane, createControlPlane } from "../perform.ts";

/** A person at a terminal, and an agent. */
export const person: Caller = { kind: "terminal", name: "user", hostRoots: [] };
export const agent: Caller = { kind: "stdio", name: "agent", hostRoots: [] };

export interface BenchOptions {
  readonly operations?: readonly Operation[];
  readonly policy?: Policy;
  /** Called before an event is kept; what it throws, the log throws. */
  readonly onRecord?: (event: AuditEvent) => void;
  /** The engine, or why there is none. */
  readonly engine?: Engine | CosError;
  readonly images?: Readonly<Record<string, MemoryProgram>>;
}

/** A control plane on an engine in memory, with an account of everything that it did. */
export interface Bench {
  readonly controlPlane: ControlPlane;
  /** What the audit log was told. */
  readonly events: AuditEvent[];
  /** What the engine was asked, e.g. `connect` and `jobs.run`, in order. */
  readonly engineCalls: string[];
  perform(operation: string, input: unknown, more?: Partial<Call>): ReturnType<ControlPlane["perform"]>;
}

export function openBench(options: BenchOptions = {}): Bench {
  const { operations = catalogue, policy = allowOperations(operations.map(({ name }) => name)), onRecord } = options;
  const signer = createSigner(randomBytes(32));
  const images = options.images ?? { "busybox:latest": fakeBusybox };
  const engine = options.engine ?? createMemoryEngine({ signer, images });
  const events: AuditEvent[] = [];
  const engineCalls: string[] = [];
  const connect = async () => {
    engineCalls.push("connect");
    if (CosError.is(engine)) throw engine;
    return recorded(engine, engineCalls);
  };
  const audit = {
    record(event: AuditEvent) {
      onRecord?.(event);
      events.push(event);
    },
  };
  const controlPlane = createControlPlane({ operations, engines: new Map([["memory", connect]]), policy, audit });
  return {
    controlPlane,
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
