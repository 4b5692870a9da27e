import { BlockList, isIP } from "node:net";
import { CosError } from "@cos/core";
import { type OauthOptions, type OauthSettings, toOauthSettings } from "./access/oauth-settings.ts";
import type { GateOptions } from "./gate.ts";
import { isLoopback } from "./loopback.ts";

/** Where and how a server listens for HTTP. */
export interface HttpListening {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Lets everybody in who reaches the port. */
  readonly noAuth: boolean;
  /** Whose tokens count beside this installation's own; nobody's unless set. */
  readonly oauth: OauthSettings | undefined;
  /** Files in PEM. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Says whether connections may come from an address; from any unless set. */
  readonly isTrusted: ((address: string) => boolean) | undefined;
  /** Beside the names of the address itself. */
  readonly allowed: GateOptions;
  /** Requests a second of one caller; a default unless set. */
  readonly ratePerSecond: number | undefined;
}

/** The options of the command line that are about listening, as they were given. */
interface Given extends OauthOptions {
  readonly port?: string | undefined;
  readonly host?: string | undefined;
  readonly "insecure-no-auth"?: boolean | undefined;
  readonly "tls-cert"?: string | undefined;
  readonly "tls-key"?: string | undefined;
  readonly "trusted-proxy"?: readonly string[] | undefined;
  readonly "allowed-host"?: readonly string[] | undefined;
  readonly "allowed-origin"?: readonly string[] | undefined;
  readonly "rate-limit"?: string | undefined;
}

/** @throws Error, for the person at the command line, when the options are not right or contradict each other. */
export function toListening(given: Given): HttpListening {
  const { port = "8770", host = "127.0.0.1", "tls-cert": certFile, "tls-key": keyFile } = given;
  if (!/^[0-9]{1,5}$/.test(port) || Number(port) > 65_535) throw new Error("--port takes a number from 0 to 65535.");
  if ((certFile === undefined) !== (keyFile === undefined)) throw new Error("--tls-cert and --tls-key go together.");
  const { "rate-limit": rate, "trusted-proxy": proxies = [] } = given;
  if (rate !== undefined && !/^[1-9][0-9]{0,5}$/.test(rate)) throw new Error("--rate-limit takes a number from 1.");
  const noAuth = given["insecure-no-auth"] === true;
  const oauth = toOauthSettings(given);
  if (noAuth && oauth !== undefined) throw new Error("--insecure-no-auth and --oauth-issuer contradict each other.");
  if (noAuth && proxies.length > 0) throw new Error("--insecure-no-auth and --trusted-proxy contradict each other.");
  return {
    host,
    port: Number(port),
    noAuth,
    oauth,
    tls: certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile },
    isTrusted: proxies.length === 0 ? undefined : toTrust(proxies),
    allowed: {
      hosts: (given["allowed-host"] ?? []).map(toHost),
      origins: (given["allowed-origin"] ?? []).map(toOrigin),
    },
    ratePerSecond: rate === undefined ? undefined : Number(rate),
  };
}

/**
 * Refuses to be reached by others than the operator can want.
 *
 * @throws CosError `failed_precondition`
 */
export function checkReach({ host, noAuth, tls, isTrusted, allowed }: HttpListening): void {
  if (isLoopback(host)) return;
  const refuse = (message: string, hint: string) => {
    throw new CosError("failed_precondition", message, { hint });
  };
  if (noAuth) refuse(`Without tokens, other machines must not reach the server at ${host}.`, "Leave --host out.");
  if (tls === undefined && isTrusted === undefined) {
    const message = `Without TLS everything is sent in the clear, so other machines must not reach the server at ${host}.`;
    refuse(
      message,
      "Give --tls-cert and --tls-key, or --trusted-proxy with the address of what does TLS in front of it.",
    );
  }
  if (["0.0.0.0", "::"].includes(host) && allowed.hosts.length === 0)
    refuse(
      `Nothing says by which name clients reach the server at ${host}.`,
      "Name it: --allowed-host cos.example:8770",
    );
}

function toHost(host: string): string {
  if (!/^[^\s/@?#]+$/.test(host)) throw new Error("--allowed-host takes NAME or NAME:PORT.");
  return host;
}

function toOrigin(origin: string): string {
  if (!URL.canParse(origin) || new URL(origin).origin !== origin)
    throw new Error("--allowed-origin takes SCHEME://NAME or SCHEME://NAME:PORT.");
  return origin;
}

function toTrust(proxies: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const proxy of proxies) {
    const [address = "", bits, ...more] = proxy.split("/");
    const version = isIP(address);
    const longest = version === 4 ? 32 : 128;
    if (
      version === 0 ||
      more.length > 0 ||
      (bits !== undefined && !(/^[0-9]{1,3}$/.test(bits) && Number(bits) <= longest))
    )
      throw new Error("--trusted-proxy takes ADDRESS or ADDRESS/BITS.");
    list.addSubnet(address, bits === undefined ? longest : Number(bits), version === 4 ? "ipv4" : "ipv6");
  }
  return (address) => {
    const version = isIP(address);
    return version !== 0 && list.check(address, version === 4 ? "ipv4" : "ipv6");
  };
}
