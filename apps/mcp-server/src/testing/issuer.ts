import { KeyObject, sign as signBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, exportSPKI, generateKeyPair, type GenerateKeyPairResult, type JWTPayload, SignJWT } from "jose";

/** What a token is made of, where it is to differ from a good one. */
export interface TokenParts {
  /** A claim that is undefined is left out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: Parameters<SignJWT["sign"]>[0];
}

/** An OAuth issuer on this machine, with keys of its own. */
export interface LocalIssuer extends AsyncDisposable {
  readonly url: string;
  /** The paths that it was asked for. */
  readonly requests: string[];
  /** The public half of its RSA key, as text. */
  readonly publicKey: string;
  /** Signs a token for the audience, about alice. */
  sign(audience: string, parts?: TokenParts): Promise<string>;
  /** Signs a header and claims as they are, with the RSA key. */
  signRaw(header: object, claims: object): string;
  /** Signs with a new key from now on, and publishes only that. */
  rotate(): Promise<void>;
  /** Answers nothing but errors while set. */
  broken: boolean;
  /** What its metadata says, where that is to differ. */
  metadata: Readonly<Record<string, unknown>>;
}

/** @param path what follows the host in its URL. */
export async function startIssuer(path = ""): Promise<LocalIssuer> {
  const pairs = new Map<string, GenerateKeyPairResult>();
  for (const alg of ["RS256", "ES256", "EdDSA"]) pairs.set(alg, await generateKeyPair(alg, { extractable: true }));
  let generation = 1;
  const kidOf = (alg: string) => `${alg}-${generation}`;
  let documents = new Map<string, unknown>();

  const server = createServer((request, response) => {
    const asked = request.url ?? "";
    issuer.requests.push(asked);
    const document = asked === `${path}/token` ? undefined : documents.get(asked);
    const send = (status: number, body: unknown) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    if (issuer.broken) return send(500, {});
    if (asked !== `${path}/token`) return send(document === undefined ? 404 : 200, document ?? {});
    // The client's name is whom its token is about; what it asks a token for stands in the body.
    const [client = ""] = atob((request.headers.authorization ?? "").replace(/^Basic /, "")).split(":");
    void readText(request).then(async (text) => {
      const token = await issuer.sign(new URLSearchParams(text).get("resource") ?? "", { claims: { sub: client } });
      send(200, { access_token: token, token_type: "Bearer", expires_in: 300 });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;

  const publish = async () => {
    const keys = [...pairs].map(async ([alg, { publicKey }]) => ({
      ...(await exportJWK(publicKey)),
      alg,
      kid: kidOf(alg),
      use: "sig",
    }));
    const metadata = {
      issuer: url,
      jwks_uri: `${url}/keys`,
      token_endpoint: `${url}/token`,
      authorization_endpoint: `${url}/authorize`,
      response_types_supported: ["code"],
      grant_types_supported: ["client_credentials"],
      token_endpoint_auth_methods_supported: ["client_secret_basic"],
      ...issuer.metadata,
    };
    documents = new Map<string, unknown>([
      [`${path}/keys`, { keys: await Promise.all(keys) }],
      [`/.well-known/oauth-authorization-server${path}`, metadata],
    ]);
  };
  let told: Readonly<Record<string, unknown>> = {};
  const issuer: LocalIssuer = {
    url,
    requests: [],
    publicKey: await exportSPKI((pairs.get("RS256") as GenerateKeyPairResult).publicKey),
    broken: false,
    get metadata() {
      return told;
    },
    set metadata(metadata) {
      told = metadata;
      documents.set(`/.well-known/oauth-authorization-server${path}`, {
        ...(documents.get(`/.well-known/oauth-authorization-server${path}`) as object),
        ...metadata,
      });
    },
    async sign(audience, { claims = {}, header = {}, key } = {}) {
      const now = Math.floor(Date.now() / 1000);
      const good: JWTPayload = { iss: url, aud: audience, sub: "alice", iat: now, exp: now + 300 };
      const payload = Object.fromEntries(
        Object.entries({ ...good, ...claims }).filter(([, value]) => value !== undefined),
      );
      const alg = typeof header["alg"] === "string" ? header["alg"] : "RS256";
      const signed = new SignJWT(payload).setProtectedHeader({ alg, kid: kidOf(alg), typ: "at+jwt", ...header });
      return await signed.sign(key ?? (pairs.get(alg) as GenerateKeyPairResult).privateKey);
    },
    signRaw(header, claims) {
      const key = (pairs.get("RS256") as GenerateKeyPairResult).privateKey;
      const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
      return `${signed}.${signBytes("sha256", Buffer.from(signed), KeyObject.from(key)).toString("base64url")}`;
    },
    async rotate() {
      generation++;
      pairs.set("RS256", await generateKeyPair("RS256", { extractable: true }));
      await publish();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  await publish();
  return issuer;
}

async function readText(request: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
