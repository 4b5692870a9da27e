import { once } from "node:events";
import { readFileSync } from "node:fs";
import { CosError } from "@cos/core";
import type { Observation } from "../observe/observation.ts";
import { say } from "../say.ts";
import type { ServerParts } from "../server.ts";
import { openAccess } from "./access/access.ts";
import { makeFirstToken } from "./access/first-token.ts";
import { anybodyAs } from "./authenticate.ts";
import { checkReach, type HttpListening } from "./listening.ts";
import { serveHttp } from "./serve-http.ts";

/** Who watches over the server, and what it tells them. */
interface Surroundings extends Pick<Observation, "events" | "metrics"> {
  /** Says why no calls can be made at the moment. */
  readonly isReady: () => Promise<string | undefined>;
}

/**
 * Serves clients over HTTP until the process is told to end.
 *
 * @param parts with whom everybody is who is let in without a name of their own.
 * @throws CosError when it would be reached by others than it should, or the address cannot be had.
 */
export async function listen(
  { caller, ...parts }: ServerParts,
  listening: HttpListening,
  told: AbortSignal,
  { events, metrics, isReady }: Surroundings,
): Promise<void> {
  checkReach(listening);
  const { noAuth, oauth, tls, ratePerSecond, ...where } = listening;
  const { hostRoots, name } = caller;
  using access = noAuth
    ? { authenticate: anybodyAs(caller), published: new Map(), [Symbol.dispose]: () => {} }
    : openAccess({ env: process.env, hostRoots, oauth });
  await using server = await serveHttp(parts, {
    ...where,
    ...access,
    tls: tls && { cert: readPem(tls.certFile), key: readPem(tls.keyFile) },
    limits: ratePerSecond === undefined ? {} : { ratePerSecond },
    events,
    isReady,
    metrics: metrics && (() => metrics.text()),
  });
  say(`Serving at ${server.url}`);
  if (!noAuth && oauth === undefined)
    makeFirstToken({ env: process.env, name, url: toClientUrl(listening, server.url) });
  if (!told.aborted) await once(told, "abort");
}

/** Where clients reach the server, which has another name for them than its address where the operator gave it one. */
function toClientUrl({ allowed, tls, isTrusted }: HttpListening, own: string): string {
  const [host] = allowed.hosts;
  if (host === undefined) return own;
  return `${tls === undefined && isTrusted === undefined ? "http" : "https"}://${host}${new URL(own).pathname}`;
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new CosError("failed_precondition", `The file ${file} cannot be read: ${code ?? "unknown"}.`, {
      hint: "Look at --tls-cert and --tls-key.",
      cause,
    });
  }
}
