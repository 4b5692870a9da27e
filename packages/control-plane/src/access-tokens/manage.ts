import { randomBytes } from "node:crypto";
import { CosError } from "@cos/core";
import { assertCaller, type Caller, isOauthName } from "../caller.ts";
import { recorded, type RecordedDeed } from "../recorded.ts";
import type { AuditLog } from "@cos/policy";
import { openTokensFile, type StoredToken } from "./file.ts";
import { hashOf, makeSecret } from "./secret.ts";

/** What a person asks for who makes an access token. */
export interface TokenRequest {
  /** The caller that whoever shows it will be. */
  readonly name: string;
  /** How long it is good; until it is revoked unless set. */
  readonly forSeconds?: number | undefined;
  /** Whether the operator trusts its client to show dialogs to a person; not unless set. */
  readonly trustsDialogs?: boolean | undefined;
}

/** An access token without what could be used to try for it. */
export type AccessToken = Omit<StoredToken, "sha256">;

/** Access tokens, as whoever runs an installation makes and revokes them. */
export interface TokenManagement {
  list(): readonly AccessToken[];
  /**
   * Makes a token, and records who did.
   *
   * @returns its text too, which is known now and never again.
   * @throws CosError `invalid_argument` when no agent can have the name.
   */
  create(request: TokenRequest, by: Caller): { readonly secret: string; readonly token: AccessToken };
  /**
   * Takes tokens back, at once and for every process, and records who did.
   *
   * @param idOrName one token's id, or a name, for all of its tokens.
   * @throws CosError `not_found`
   */
  revoke(idOrName: string, by: Caller): readonly AccessToken[];
}

export function manageTokens(path: string, openLog: () => AuditLog): TokenManagement {
  const file = openTokensFile(path);
  return {
    list: () => file.list().map(toListed),

    create({ name, forSeconds, trustsDialogs = false }, by) {
      assertCaller({ kind: "http", name, hostRoots: [] });
      if (isOauthName(name)) {
        throw new CosError("invalid_argument", `The name ${name} is kept for callers that an OAuth issuer knows.`, {
          hint: "Give the agent another name.",
        });
      }
      const now = Date.now();
      const secret = makeSecret();
      const token: StoredToken = {
        id: randomBytes(4).toString("hex"),
        name,
        sha256: hashOf(secret).toString("hex"),
        trustsDialogs,
        createdAt: new Date(now).toISOString(),
        createdBy: by.name,
        ...(forSeconds === undefined ? {} : { expiresAt: new Date(now + forSeconds * 1000).toISOString() }),
      };
      recorded(openLog(), toDeed("token_create", token), by, () => file.add(token));
      return { secret, token: toListed(token) };
    },

    revoke(idOrName, by) {
      const all = file.list();
      const byId = all.filter(({ id }) => id === idOrName);
      const found = byId.length > 0 ? byId : all.filter(({ name }) => name === idOrName);
      if (found.length === 0) {
        throw new CosError("not_found", `There is no token ${JSON.stringify(idOrName)}.`, {
          hint: "See: cos token ls",
        });
      }
      const log = openLog();
      for (const token of found) recorded(log, toDeed("token_revoke", token), by, () => file.remove([token.id]));
      return found.map(toListed);
    },
  };
}

function toDeed(operation: string, { id, name }: StoredToken): RecordedDeed {
  return { operation, target: { kind: "token", id, name } };
}

function toListed(token: StoredToken): AccessToken {
  const { sha256: _, ...listed } = token;
  return listed;
}
