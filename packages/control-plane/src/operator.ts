import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { CosError, parseWith } from "@cos/core";
import {
  type AuditLog,
  type AuditRecord,
  type AuditVerification,
  defaultRules,
  type ExpectationResult,
  findUnreachable,
  type Grant,
  grantsFile,
  parseExpectations,
  type Policy,
  type ReachabilityFinding,
  readAuditLog,
  type ReadOptions,
  runExpectations,
  verifyAuditLog,
} from "@cos/policy";
import { manageTokens, type TokenManagement } from "./access-tokens/manage.ts";
import type { ApproverAccess } from "./approvals/connection.ts";
import { ensureApproverKey } from "./approvals/keys.ts";
import { assertCaller, type Caller } from "./caller.ts";
import { viewReads } from "./caller-view.ts";
import { catalogue } from "./catalogue.ts";
import { openGrantsFile } from "./grants-file.ts";
import { findPaths, isReadOnly } from "./installation.ts";
import { openInstallationLog, openKeys } from "./keys.ts";
import { loadPolicy } from "./policy-source.ts";
import { recorded, type RecordedDeed } from "./recorded.ts";
import { openSecretsTable, type SecretListing } from "./secrets-table.ts";

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
    /** The rules in force, with the one that `COS_READ_ONLY` puts before them. @throws CosError with line and column when they are not right. */
    load(): Promise<Policy>;
    /** The operator's own rules, and which of them can never decide. That cos's stand behind them is as it should be. */
    check(): Promise<{ readonly rules: number; readonly findings: readonly ReachabilityFinding[] }>;
    /** Compares the rules with a file of expectations. */
    test(file: string): Promise<readonly ExpectationResult[]>;
  };
  readonly secrets: {
    /** The file with the table of secrets, and what it names. @throws CosError with line and column when it is not right. */
    list(): Promise<{ readonly file: string; readonly secrets: readonly SecretListing[] }>;
  };
  readonly grants: {
    list(): readonly Grant[];
    /** The grant that a request stands for. Nothing is granted yet. @throws CosError `invalid_argument` */
    define(request: GrantRequest, by: Caller): Grant;
    /** Makes a grant hold, and records who did. */
    add(grant: Grant, by: Caller): void;
    /** Takes one back, and records who did. @throws CosError `not_found` */
    revoke(id: string, by: Caller): Grant;
  };
  readonly tokens: TokenManagement;
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
  const file = policyFile ?? paths.policyFile;

  return {
    policy: {
      load: () => loadPolicy({ file, readOnly: isReadOnly(env) }),
      async check() {
        const policy = await loadPolicy({ file });
        const theirs = new Set(defaultRules.map(({ name }) => name));
        const findings = findUnreachable(policy, { operations: [...catalogue, ...viewReads] }).filter(
          ({ rule }) => !theirs.has(rule),
        );
        return { rules: policy.rules.filter(({ name }) => !theirs.has(name)).length, findings };
      },
      async test(testFile) {
        const tests = await parseExpectations(await readText(testFile), testFile);
        return runExpectations(
          await loadPolicy({ file }),
          tests,
          (name) => [...catalogue, ...viewReads].find((known) => known.name === name)?.effect,
        );
      },
    },
    secrets: {
      list: async () => {
        const table = openSecretsTable(paths.secretsFile, env);
        return { file: paths.secretsFile, secrets: await table.list() };
      },
    },
    grants: {
      list: () => grants.list(),
      define({ forSeconds, ...request }, by) {
        assertCaller({ kind: "http", name: request.callerName, hostRoots: [] });
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
        const now = Date.now();
        const grant: Grant = {
          ...request,
          id: randomBytes(4).toString("hex"),
          used: 0,
          createdAt: new Date(now).toISOString(),
          expiresAt: new Date(now + forSeconds * 1000).toISOString(),
          createdBy: by.name,
        };
        parseWith(grantsFile, { grants: [grant] }, "grant");
        return grant;
      },
      add: (grant, by) => recorded(openLog(), toDeed("grant_add", grant), by, () => grants.add(grant)),
      revoke(id, by) {
        const grant = grants.list().find((known) => known.id === id);
        if (grant === undefined) {
          throw new CosError("not_found", `There is no grant ${JSON.stringify(id)}.`, { hint: "See: cos grants ls" });
        }
        recorded(openLog(), toDeed("grant_revoke", grant), by, () => grants.revoke(id));
        return grant;
      },
    },
    tokens: manageTokens(paths.accessTokensFile, openLog),
    audit: {
      async verify() {
        const hasKey = existsSync(paths.keyFile);
        const keys = hasKey ? openKeys(paths.keyFile).auditKeys() : [];
        const verification = await verifyAuditLog({ directory, keys });
        if (hasKey || verification.files === 0) return verification;
        throw new CosError("failed_precondition", `The log cannot be checked without the key ${paths.keyFile}.`, {
          hint: "Restore it from a backup, or name it with COS_KEY_FILE.",
        });
      },
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

function toDeed(operation: string, { id, operation: granted, targetName = "", engine }: Grant): RecordedDeed {
  return { operation, target: { kind: "grant", id, name: `${granted} ${targetName}`.trim() }, engine };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new CosError("not_found", `The file ${JSON.stringify(file)} cannot be read.`, { cause });
  }
}
