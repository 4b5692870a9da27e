import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";

const ending = /,"mac":"([0-9a-f]{64})"\}$/;
const endingLength = ',"mac":""}'.length + 64;

/** JSON in printable ASCII: whatever is written, it is one line, and no terminal or viewer acts on it. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** An object as JSON, with a last member `mac`: the HMAC-SHA256 of the JSON without it. */
export function seal(key: KeyObject, members: object): { readonly text: string; readonly mac: string } {
  const body = asciiJson(members);
  const mac = hmac(key, body);
  return { text: `${body.slice(0, -1)},"mac":"${mac}"}`, mac };
}

/**
 * The `mac` of a sealed text whose bytes are as they were written, by any of the keys; undefined for any other text.
 *
 * @param text one character for each byte (`latin1`).
 */
export function sealOf(keys: readonly KeyObject[], text: string): string | undefined {
  const mac = ending.exec(text)?.[1];
  if (mac === undefined) return undefined;
  const body = `${text.slice(0, text.length - endingLength)}}`;
  const given = Buffer.from(mac, "hex");
  return keys.some((key) => timingSafeEqual(given, Buffer.from(hmac(key, body), "hex"))) ? mac : undefined;
}

/**
 * A keyed hash of a value that the log does not keep as it is, as hex. What is sealed begins with a brace, so nobody gets a
 * seal by having a value hashed.
 */
export function digest(key: KeyObject, kind: "input" | "value", value: unknown): string {
  return hmac(key, `${kind}:${asciiJson(value)}`);
}

function hmac(key: KeyObject, text: string): string {
  return createHmac("sha256", key).update(text, "latin1").digest("hex");
}
