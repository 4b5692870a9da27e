import { timingSafeEqual } from "node:crypto";
import { statSync } from "node:fs";
import { openTokensFile, type StoredToken } from "./file.ts";
import { hashOf, isSecret } from "./secret.ts";

/** Whose token was shown. */
export interface ShownToken {
  readonly name: string;
  readonly trustsDialogs: boolean;
  /** Aborts within a second after the token was revoked or has expired. The same for every time that it is shown. */
  readonly ended: AbortSignal;
}

/** Tells whose tokens are. A token that is revoked is good no more from that moment on, whoever revokes it. */
export interface TokenGate {
  /**
   * Whose token it is; undefined when it is none, or good no more.
   *
   * @throws CosError `failed_precondition` when the list of tokens is damaged, can be used by others, or cannot be read.
   */
  find(secret: string): ShownToken | undefined;
  /** Looks no more for what is revoked. */
  close(): void;
}

export interface TokenGateOptions {
  /** Milliseconds since 1970; the system's clock unless set. */
  readonly now?: () => number;
  /** How often to look whether tokens that were shown are still good, in milliseconds; 1000 unless set. */
  readonly lookEveryMs?: number;
}

/** Opens the gate that the list of tokens in the file guards. The list is read again when the file has changed. */
export function openTokenGate(path: string, { now = Date.now, lookEveryMs = 1000 }: TokenGateOptions = {}): TokenGate {
  const file = openTokensFile(path);
  let stamp: string | undefined;
  let tokens: readonly (StoredToken & { readonly hash: Buffer })[] = [];
  /** What was shown, by the token's hash: ids could be given anew by hand. */
  const shown = new Map<string, { readonly token: ShownToken; readonly end: AbortController }>();
  let looking: NodeJS.Timeout | undefined;

  const isGood = ({ expiresAt }: StoredToken) => expiresAt === undefined || now() < Date.parse(expiresAt);
  const readAnew = () => {
    const current = stampOf(path);
    if (current !== undefined && current === stamp) return;
    tokens = file.list().map((token) => ({ ...token, hash: Buffer.from(token.sha256, "hex") }));
    stamp = current;
  };
  const stopLooking = () => {
    clearInterval(looking);
    looking = undefined;
  };
  const look = () => {
    try {
      readAnew();
    } catch {
      // Until it can be read, nobody new is let in. What runs is no worse off than before.
    }
    const good = new Set(tokens.filter(isGood).map(({ sha256 }) => sha256));
    for (const [sha256, { end }] of shown) {
      if (good.has(sha256)) continue;
      shown.delete(sha256);
      end.abort();
    }
    if (shown.size === 0) stopLooking();
  };

  return {
    find(secret) {
      readAnew();
      if (!isSecret(secret)) return undefined;
      const hash = hashOf(secret);
      // All are compared, each in constant time: how long it takes tells nothing of which one, or how much of it, is right.
      const [found] = tokens.filter((token) => timingSafeEqual(token.hash, hash));
      if (found === undefined || !isGood(found)) return undefined;
      const known = shown.get(found.sha256)?.token;
      // The operator may have changed by hand what it is good for.
      if (known?.name === found.name && known.trustsDialogs === found.trustsDialogs) return known;
      const end = new AbortController();
      const token = { name: found.name, trustsDialogs: found.trustsDialogs, ended: end.signal };
      shown.get(found.sha256)?.end.abort();
      shown.set(found.sha256, { token, end });
      looking ??= setInterval(look, lookEveryMs).unref();
      return token;
    },
    close: stopLooking,
  };
}

/**
 * Changes whenever the file does: who writes it replaces it, and changing its mode changes its times. Undefined when that
 * cannot be seen.
 */
function stampOf(path: string): string | undefined {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (found === undefined) return "none";
    return [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(":");
  } catch {
    return undefined;
  }
}
