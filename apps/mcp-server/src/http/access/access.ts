import { findPaths, openTokenGate, toOauthName } from "@cos/control-plane";
import { CosError } from "@cos/core";
import { sayFailure } from "../../say.ts";
import type { Admitted, Authenticate, Refused } from "../authenticate.ts";
import { readBearer } from "./bearer.ts";
import { openIssuer } from "./issuer.ts";
import { toMetadataUrl, toPublished } from "./metadata.ts";
import type { OauthSettings } from "./oauth-settings.ts";

/** How often to tell the operator that nobody can be let in, in milliseconds. */
const tellEveryMs = 60_000;

export interface AccessOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Directories below which the bind mounts and build contexts of all callers must lie. */
  readonly hostRoots: readonly string[];
  /** Whose tokens count beside this installation's own; nobody's unless set. */
  readonly oauth?: OauthSettings | undefined;
}

/** Who may come in. */
export interface Access extends Disposable {
  readonly authenticate: Authenticate;
  /** What anybody may read, by path. */
  readonly published: ReadonlyMap<string, object>;
}

/**
 * Lets in who shows an access token of this installation, or one of the OAuth issuer.
 *
 * @throws CosError `failed_precondition` when the list of access tokens cannot be used.
 */
export function openAccess({ env, hostRoots, oauth }: AccessOptions): Access {
  const gate = openTokenGate(findPaths(env).accessTokensFile);
  // At the start, where whoever configured it looks, and not with the first request.
  gate.find("");
  const issuer = oauth && openIssuer(oauth.issuer);
  const challenge = (error?: string, description = "") => {
    const facts = {
      realm: "cos",
      error,
      error_description:
        error === undefined ? undefined : description.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "'"),
      scope: oauth && oauth.scopes.length > 0 ? oauth.scopes.join(" ") : undefined,
      resource_metadata: oauth && toMetadataUrl(oauth),
    };
    const said = Object.entries(facts).filter(([, value]) => value !== undefined);
    return `Bearer ${said.map(([name, value]) => `${name}="${value}"`).join(", ")}`;
  };
  const refuse = (refused: string, error?: string): Refused => ({
    refused,
    status: error === "insufficient_scope" ? 403 : 401,
    challenge: challenge(error, refused),
  });

  const admit = async (authorization: readonly string[]): Promise<Admitted | Refused> => {
    const bearer = readBearer(authorization);
    if ("problem" in bearer) return refuse(bearer.problem, bearer.showed ? "invalid_request" : undefined);
    const shown = gate.find(bearer.token);
    if (shown !== undefined) {
      const { name, trustsDialogs, ended } = shown;
      return { caller: { kind: "http", name, hostRoots }, trustsDialogs, ended };
    }
    // Nothing but a JWT has dots, and the issuer need not be asked about anything else.
    if (oauth === undefined || issuer === undefined || !bearer.token.includes("."))
      return refuse("The access token is not good.", "invalid_token");
    const { checkJwt } = await import("./jwt.ts");
    const verdict = await checkJwt(bearer.token, issuer, oauth);
    if ("problem" in verdict) return refuse(verdict.problem, verdict.error);
    return { caller: { kind: "http", name: toOauthName(verdict.subject), hostRoots }, trustsDialogs: false };
  };

  const tell = tellNowAndThen();
  return {
    async authenticate(authorization) {
      try {
        return await admit(authorization);
      } catch (error) {
        tell(CosError.from(error));
        return { refused: "Nobody can be let in now. The operator has been told why.", status: 503 };
      }
    },
    published: oauth === undefined ? new Map() : toPublished(oauth),
    [Symbol.dispose]: () => gate.close(),
  };
}

/** Tells the operator what is wrong, and not the same again with every request. */
function tellNowAndThen(): (failure: CosError) => void {
  const told = new Map<string, number>();
  return (failure) => {
    const now = performance.now();
    if (now < (told.get(failure.message) ?? -Infinity) + tellEveryMs) return;
    told.set(failure.message, now);
    sayFailure(failure);
  };
}
