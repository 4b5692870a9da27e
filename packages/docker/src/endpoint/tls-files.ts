import { join } from "node:path";
import { CosError } from "@cos/core";
import { readOptionalFile } from "./docker-config.ts";
import type { TlsMaterial } from "./endpoint.ts";

/**
 * TLS material from a directory in Docker's layout: `ca.pem`, `cert.pem`, `key.pem`, each optional.
 *
 * @returns undefined when there is none of them.
 * @throws CosError `failed_precondition` for a certificate without its key, or the other way round, and for unreadable files.
 */
export function readTlsMaterial(directory: string): TlsMaterial | undefined {
  const ca = readOptionalFile(join(directory, "ca.pem"));
  const cert = readOptionalFile(join(directory, "cert.pem"));
  const key = readOptionalFile(join(directory, "key.pem"));
  if (ca === undefined && cert === undefined && key === undefined) return undefined;
  if ((cert === undefined) !== (key === undefined)) {
    const [there, absent] = cert === undefined ? ["key.pem", "cert.pem"] : ["cert.pem", "key.pem"];
    throw new CosError("failed_precondition", `${directory} has ${there} but no ${absent}.`, {
      hint: "A client certificate needs both files; remove the one to connect without a client certificate.",
    });
  }
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    rejectUnauthorized: true,
  };
}
