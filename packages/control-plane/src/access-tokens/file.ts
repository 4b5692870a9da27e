import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { CosError, ownerName, parseWith } from "@cos/core";
import { withLock } from "@cos/policy";
import * as z from "zod";
import { once } from "../once.ts";
import { type PrivateFile, readPrivateFile, replacePrivateFile } from "../private-file.ts";

/** Most tokens that there can be. */
const maxTokens = 1000;

const tokensFile = once(() => {
  const time = z.iso.datetime({ error: "expected a time in UTC like 2026-01-31T12:00:00Z" });
  const token = z.strictObject({
    /** No secret. */
    id: z.string().regex(/^[0-9a-f]{8}$/),
    /** The caller that whoever shows it is. Several tokens may be one caller's. */
    name: ownerName,
    /** Of the token's text, which is kept nowhere. */
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    /** Whether the operator trusts its client to show dialogs to a person. */
    trustsDialogs: z.boolean(),
    createdAt: time,
    createdBy: ownerName,
    /** Absent: good until it is revoked. */
    expiresAt: time.optional(),
  });
  return z.strictObject({ tokens: z.array(token).max(maxTokens) });
});

/** An access token as it is kept. */
export type StoredToken = Readonly<z.output<ReturnType<typeof tokensFile>>["tokens"][number]>;

/**
 * Access tokens in a file that only this user may read. Each method throws CosError `failed_precondition` when the file is
 * damaged, can be used by others, or cannot be read or written.
 */
export interface TokensFile {
  list(): readonly StoredToken[];
  add(token: StoredToken): void;
  /** @throws CosError `not_found` when one of them is gone. */
  remove(ids: readonly string[]): void;
}

/** The file is read anew each time. As long as there is none, there are no tokens, and nothing is made. */
export function openTokensFile(path: string): TokensFile {
  const file = (): PrivateFile<ReturnType<typeof tokensFile>> => ({
    path,
    what: "list of access tokens",
    schema: tokensFile(),
    hint: "Restore it from a backup, or remove it and make the tokens anew. Until then none is good.",
  });
  const list = (): readonly StoredToken[] => readPrivateFile(file())?.tokens ?? [];
  const change = (toChanged: (tokens: readonly StoredToken[]) => readonly StoredToken[]) =>
    withLock(`${path}.lock`, () => {
      const tokens = toChanged(list());
      parseWith(tokensFile(), { tokens }, "list of access tokens");
      replacePrivateFile(file(), { tokens });
    });

  return {
    list,
    add(token) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      change((tokens) => [...tokens, token]);
    },
    remove: (ids) =>
      change((tokens) => {
        const left = tokens.filter(({ id }) => !ids.includes(id));
        if (left.length + ids.length === tokens.length) return left;
        throw new CosError("not_found", "A token was revoked already.", { hint: "See: cos token ls" });
      }),
  };
}
