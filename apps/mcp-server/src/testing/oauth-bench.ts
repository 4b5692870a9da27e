import { openOperator } from "@cos/control-plane";
import type { OauthSettings } from "../http/access/oauth-settings.ts";
import { type GuardedServer, initialize, startGuarded } from "./http-server.ts";
import { makeInstallation } from "./installation.ts";
import { type LocalIssuer, startIssuer, type TokenParts } from "./issuer.ts";

/** What became of a session that began with a token. */
export interface Beginning {
  readonly status: number;
  readonly text: string;
  /** The session's id. */
  readonly session: string;
  readonly challenge: string | null;
}

/** A server that takes the tokens of an issuer. */
export interface OauthBench extends AsyncDisposable {
  readonly issuer: LocalIssuer;
  server(): GuardedServer;
  /** Serves with other settings from now on. */
  serveWith(more: Partial<OauthSettings>): Promise<void>;
  /** A token of the issuer for the server. */
  sign(parts?: TokenParts): Promise<string>;
  /** A token of the installation's own. */
  create(name: string): string;
  begin(token: string): Promise<Beginning>;
  /** The name of the caller that calls with a token. */
  nameOf(token: string): Promise<string | undefined>;
}

export async function openOauthBench(): Promise<OauthBench> {
  const installation = makeInstallation();
  const issuer = await startIssuer();
  const start = (more: Partial<OauthSettings> = {}) =>
    startGuarded(installation, (url) => ({
      issuer: issuer.url,
      audience: url,
      resource: new URL(url),
      scopes: [],
      nameClaim: "sub",
      ...more,
    }));
  let server = await start();
  return {
    issuer,
    server: () => server,
    async serveWith(more) {
      await server[Symbol.asyncDispose]();
      server = await start(more);
    },
    sign: (parts) => issuer.sign(server.url, parts),
    create(name) {
      const by = { kind: "script", name: "user", hostRoots: [] } as const;
      return openOperator({ env: installation.env }).tokens.create({ name }, by).secret;
    },
    async begin(token) {
      const authorization = `Bearer ${token}`;
      const response = await server.request({ authorization }, { method: "POST", body: initialize });
      const { status, headers } = response;
      const [session, challenge] = [headers.get("mcp-session-id") ?? "", headers.get("www-authenticate")];
      return { status, text: await response.text(), session, challenge };
    },
    async nameOf(token) {
      const client = await server.connect(token);
      await client.callTool({ name: "ping", arguments: {} });
      await client.close();
      return server.calls.at(-1)?.caller.name;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await issuer[Symbol.asyncDispose]();
      installation.remove();
    },
  };
}
