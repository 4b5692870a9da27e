import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Where this installation of cos keeps what is its own. */
export interface Paths {
  /** The user's config directory of cos. */
  readonly configDirectory: string;
  /** The file with the installation's key: `COS_KEY_FILE`, or `key.json` in the user's config directory. */
  readonly keyFile: string;
  /** The directory of the audit log: `COS_AUDIT_DIR` or `AUDIT_DIR`, or one in the user's state directory. */
  readonly auditDirectory: string;
  /** The operator's rules: `COS_POLICY`, or `policy.yaml`, `policy.yml` or `policy.json` in the user's config directory. */
  readonly policyFile: string | undefined;
  /** The operator's secrets: `COS_SECRETS`, or `secrets.yaml`, `secrets.yml` or `secrets.json` in the user's config directory. */
  readonly secretsFile: string;
  /** Standing grants: `grants.json` in the user's config directory. */
  readonly grantsFile: string;
  /** Access tokens: `COS_ACCESS_TOKENS`, or `access-tokens.json` in the user's config directory. */
  readonly accessTokensFile: string;
  /** Whom servers believe that they may approve: `approvers.json` in the user's config directory. */
  readonly approversFile: string;
  /** What proves that one is such a person: `COS_APPROVER_KEY_FILE`, or `approver.json` in the user's config directory. */
  readonly approverKeyFile: string;
  /** Where processes with something to approve listen: `COS_RUNTIME_DIR`, or one in the user's state directory. */
  readonly runtimeDirectory: string;
}

/** Finds them from the environment. An empty variable counts as unset, and so does a relative `XDG_` directory. */
export function findPaths(env: NodeJS.ProcessEnv): Paths {
  const home = env["HOME"] || homedir();
  const config = absolute(env["XDG_CONFIG_HOME"]) ?? join(home, ".config");
  const state = absolute(env["XDG_STATE_HOME"]) ?? join(home, ".local", "state");
  const inConfig = (name: string) => join(config, "cos", name);
  return {
    configDirectory: join(config, "cos"),
    keyFile: env["COS_KEY_FILE"] || inConfig("key.json"),
    auditDirectory: env["COS_AUDIT_DIR"] || env["AUDIT_DIR"] || join(state, "cos", "audit"),
    policyFile: env["COS_POLICY"] || policyNames.map(inConfig).find((file) => existsSync(file)),
    secretsFile:
      env["COS_SECRETS"] || (secretsNames.map(inConfig).find((file) => existsSync(file)) ?? inConfig("secrets.yaml")),
    grantsFile: inConfig("grants.json"),
    accessTokensFile: env["COS_ACCESS_TOKENS"] || inConfig("access-tokens.json"),
    approversFile: inConfig("approvers.json"),
    approverKeyFile: env["COS_APPROVER_KEY_FILE"] || inConfig("approver.json"),
    // Not XDG_RUNTIME_DIR, which a server that a client starts may have, and the person's terminal not.
    runtimeDirectory: env["COS_RUNTIME_DIR"] || join(state, "cos", "run"),
  };
}

/** What `COS_READ_ONLY` says. */
export function isReadOnly({ COS_READ_ONLY: said = "" }: NodeJS.ProcessEnv): boolean {
  return !["", "0", "false", "no"].includes(said.toLowerCase());
}

/** The image on the engine that kills commands which overrun in containers, as `COS_HELPER_IMAGE` names it. */
export function findHelperImage({ COS_HELPER_IMAGE: said = "" }: NodeJS.ProcessEnv): string | undefined {
  return said === "" ? undefined : said;
}

const policyNames = ["policy.yaml", "policy.yml", "policy.json"];
const secretsNames = ["secrets.yaml", "secrets.yml", "secrets.json"];

function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}
