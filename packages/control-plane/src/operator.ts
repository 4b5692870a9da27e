import { randomBytes, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { CosError } from "@cos/core";
import {
  type AuditLog,
  type AuditRecord,
  type AuditVerification,
  defaultRules,
  type ExpectationResult,
  findUnreachable,
  type Grant,
  parseExpectations,
  type Policy,
  type ReachabilityFinding,
  readAuditLog,
  type ReadOptions,
  runExpectations,
  verifyAuditLog,
} from "@cos/policy";
import type { ApproverAccess } from "./approvals/connection.ts";
import { ensureApproverKey } from "./approvals/keys.ts";
import { assertCaller, type Caller } from "./caller.ts";
import { catalogue } from "./catalogue.ts";
import { openGrantsFile } from "./grants-file.ts";
import { findPaths, openInstallationLog, openKeys } from "./installation.ts";
import { loadPolicy } from "./policy-source.ts";

export interface OperatorConfig {
  /** The process's environment unless set. */
  readonly env?: NodeJS.ProcessEnv;
  /** The operator's rules; what the environment names unless set. */
  readonly policyFile?: string | undefined;
}

/** What a person asks for who makes a grant. */
export interface GrantRequest extends Pick<Grant, "operation" | "targetName" | "callerName" | "engine" | "uses"> {
  readonly forSeconds: number;
}

/** What whoever runs an installation sees and decides. None of it can be reached by a call. */
export interface Operator {
  readonly policy: {
    /** The rules in force. @throws CosError with line and column when they are not right. */
    load(): Promise<Policy>;
    /** The operator's own rules, and which of them can never decide. That cos's stand behind them is as it should be. */
    check(): Promise<{ readonly rules: number; readonly findings: readonly ReachabilityFinding[] }>;
    /** Compares the rules with a file of expectations. */
    test(file: string): Promise<readonly ExpectationResult[]>;
  };
  readonly grants: {
    list(): readonly Grant[];
    /** Makes a grant, and records who did. */
    add(request: GrantRequest, by: Caller): Grant;
    /** Takes one back, and records who did. @throws CosError `not_found` */
    revoke(id: string, by: Caller): Grant;
  };
  readonly audit: {
    verify(): Promise<AuditVerification>;
    read(options: Omit<ReadOptions, "directory">): AsyncIterable<AuditRecord>;
  };
  /** As whom this person decides about what waits for approval, and where that is. Makes the person's key when there is none. */
  approver(): ApproverAccess;
}

export function openOperator({ env = process.env, policyFile }: OperatorConfig = {}): Operator {
  const paths = findPaths(env);
  const grants = openGrantsFile(paths.grantsFile);
  const directory = paths.auditDirectory;
  const load = () => loadPolicy({ file: policyFile ?? paths.policyFile });

  return {
    policy: {
      load,
      async check() {
        const policy = await load();
        const theirs = new Set(defaultRules.map(({ name }) => name));
        const findings = findUnreachable(policy, { operations: catalogue }).filter(({ rule }) => !theirs.has(rule));
        return { rules: policy.rules.filter(({ name }) => !theirs.has(name)).length, findings };
      },
      async test(file) {
        const tests = await parseExpectations(await readText(file), file);
        return runExpectations(await load(), tests, (name) => catalogue.find((known) => known.name === name)?.effect);
      },
    },
    grants: {
      list: () => grants.list(),
      add({ forSeconds, ...request }, by) {
        const now = new Date();
        assertCaller({ kind: "stdio", name: request.callerName, hostRoots: [] });
        const operation = catalogue.find(({ name }) => name === request.operation);
        if (operation === undefined || operation.effect === "read") {
          throw new CosError(
            "invalid_argument",
            `There is nothing to grant for ${JSON.stringify(request.operation)}.`,
            {
              hint: "Name one of the operations that change something, e.g. container_restart.",
            },
          );
        }
        const grant: Grant = {
          ...request,
          id: randomBytes(4).toString("hex"),
          used: 0,
          createdAt: now.toISOString(),
          expiresAt: new Date(now.getTime() + forSeconds * 1000).toISOString(),
          createdBy: by.name,
        };
        return recorded(openLog(), "grant_add", grant, by, () => (grants.add(grant), grant));
      },
      revoke(id, by) {
        const grant = grants.list().find((known) => known.id === id);
        if (grant === undefined) {
          throw new CosError("not_found", `There is no grant ${JSON.stringify(id)}.`, { hint: "See: cos grants ls" });
        }
        return recorded(openLog(), "grant_revoke", grant, by, () => (grants.revoke(id), grant));
      },
    },
    audit: {
      verify: () => verifyAuditLog({ directory, keys: openKeys(paths.keyFile).auditKeys() }),
      read: (options) => readAuditLog({ ...options, directory }),
    },
    approver: () => {
      const { approverKeyFile: keyFile, approversFile, runtimeDirectory } = paths;
      return { directory: runtimeDirectory, key: ensureApproverKey({ keyFile, approversFile, name: "user" }) };
    },
  };

  function openLog(): AuditLog {
    return openInstallationLog(paths, "cli", () => openKeys(paths.keyFile));
  }
}

/** Does something that is no call, between two records of it. */
function recorded(log: AuditLog, operation: string, grant: Grant, { kind, name }: Caller, deed: () => Grant): Grant {
  const event = {
    callId: randomUUID(),
    operation,
    effect: "mutate",
    engine: grant.engine ?? "",
    caller: { kind, name },
    target: { kind: "grant", id: grant.id, name: `${grant.operation} ${grant.targetName ?? ""}`.trim() },
  } as const;
  log.record({ ...event, stage: "started" });
  try {
    const done = deed();
    log.record({ ...event, stage: "succeeded" });
    return done;
  } catch (error) {
    const failure = CosError.from(error);
    log.record({ ...event, stage: "failed", code: failure.code });
    throw failure;
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new CosError("not_found", `The file ${JSON.stringify(file)} cannot be read.`, { cause });
  }
}
