/** Longest token that is looked at, in characters: room for a JWT with many claims. */
const maxTokenLength = 8192;
/** A scheme in any case, spaces, and what RFC 6750 calls a `b64token`. */
const bearerForm = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

/** The token that a client showed, or why there is none. */
export type Bearer =
  | { readonly token: string }
  /** `showed`: whether it showed anything at all. */
  | { readonly problem: string; readonly showed: boolean };

/** Reads the `Authorization` headers of a request. Several are no better than none: who sent which cannot be known. */
export function readBearer(authorization: readonly string[]): Bearer {
  const [header, ...more] = authorization;
  if (header === undefined) return { problem: "This needs an access token.", showed: false };
  if (more.length > 0) return { problem: "There must be one Authorization header.", showed: true };
  const [, token] = bearerForm.exec(header) ?? [];
  if (token !== undefined && token.length <= maxTokenLength) return { token };
  return { problem: 'The Authorization header must be "Bearer", a space and an access token.', showed: true };
}
