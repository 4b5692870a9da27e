import { createHash, randomBytes } from "node:crypto";

/** 256 random bits, which nobody guesses however fast they may try. */
const secretBytes = 32;
const form = /^cos_[A-Za-z0-9_-]{43}$/;

/** The text of a new access token. The prefix tells people, and what looks for leaked secrets, what it is. */
export function makeSecret(): string {
  return `cos_${randomBytes(secretBytes).toString("base64url")}`;
}

/** Whether a text could be that of an access token. */
export function isSecret(text: string): boolean {
  return form.test(text);
}

/** What is kept of a token's text. It needs neither salt nor many rounds: the text is random. */
export function hashOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}
