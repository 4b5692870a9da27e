import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { CosError, parseWith } from "@cos/core";
import { findGrant, type Grant, grantsFile, type Question, useGrant, withLock } from "@cos/policy";
import { type PrivateFile, readPrivateFile, replacePrivateFile } from "./private-file.ts";

/**
 * Standing grants in a file that only this user may read. Several processes may use it at once. Each method throws
 * CosError `failed_precondition` when the file is damaged, can be used by others, or cannot be read or written.
 */
export interface GrantsFile {
  list(): readonly Grant[];
  /** @throws CosError `invalid_argument`; `already_exists` when there is one with this id. */
  add(grant: Grant): void;
  /** @throws CosError `not_found` */
  revoke(id: string): void;
  /** The first grant that covers the question and is not used up, with this use counted in the file. */
  use(question: Question, now: Date): Grant | undefined;
}

/** Grants are read anew each time. As long as there is no file, there are none, and nothing is made. */
export function openGrantsFile(path: string): GrantsFile {
  const file: PrivateFile<typeof grantsFile> = {
    path,
    what: "list of grants",
    schema: grantsFile,
    hint: "Restore it from a backup, or remove it and give the grants anew. Until then no grant holds.",
  };
  const list = (): readonly Grant[] => readPrivateFile(file)?.grants ?? [];
  const change = (toChanged: (grants: readonly Grant[]) => readonly Grant[]) =>
    withLock(`${path}.lock`, () => replacePrivateFile(file, { grants: toChanged(list()) }));

  return {
    list,

    add(grant) {
      parseWith(grantsFile, { grants: [grant] }, "grant");
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      change((grants) => {
        if (grants.some(({ id }) => id === grant.id)) {
          throw new CosError("already_exists", `There is a grant ${grant.id} already.`, { hint: "Choose another id." });
        }
        return [...grants, grant];
      });
    },

    revoke(id) {
      const withoutIt = (grants: readonly Grant[]) => {
        const left = grants.filter((grant) => grant.id !== id);
        if (left.length < grants.length) return left;
        throw new CosError("not_found", "There is no such grant.", { hint: "List the grants there are." });
      };
      // Without a file there need not be a directory for the lock either.
      withoutIt(list());
      change(withoutIt);
    },

    use(question, now) {
      // Most calls are covered by none, and need no lock to find out.
      if (findGrant(list(), question, now) === undefined) return undefined;
      let used: Grant | undefined;
      change((grants) => {
        used = findGrant(grants, question, now);
        return used === undefined ? grants : useGrant(grants, used.id);
      });
      return used;
    },
  };
}
