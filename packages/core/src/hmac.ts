import { hash } from "node:crypto";

/** Bytes in which SHA-256 reads. */
const blockBytes = 64;

/** A key as HMAC-SHA256 uses it. Made by {@link toHmacKey}. */
export interface HmacKey {
  readonly inner: Buffer;
  readonly outer: Buffer;
}

/** @param key at most 64 bytes. */
export function toHmacKey(key: Uint8Array): HmacKey {
  const padded = Buffer.alloc(blockBytes);
  padded.set(key);
  return { inner: padded.map((byte) => byte ^ 0x36) as Buffer, outer: padded.map((byte) => byte ^ 0x5c) as Buffer };
}

/**
 * HMAC-SHA256 (RFC 2104) by two digests at one go each. Node's own makes an object outside the heap every time, and
 * clearing hundreds of them away after a list takes longer than computing.
 */
export function hmacSha256({ inner, outer }: HmacKey, text: string): Buffer {
  const first = hash("sha256", Buffer.concat([inner, Buffer.from(text)]), "buffer");
  return hash("sha256", Buffer.concat([outer, first]), "buffer");
}
