import { hkdfSync } from "node:crypto";

/** A key for one use, derived from the installation's key by HKDF-SHA256. Uses cannot be computed from each other. */
export function deriveKey(key: Uint8Array, use: string): Buffer {
  return Buffer.from(hkdfSync("sha256", key, "", use, 32));
}
