import { logFormats, logLevels } from "./observe/log-options.ts";

/** The two commands that start the server: its own, and the one of the command line. */
export type Front = "cos-mcp" | "cos serve";

/** One option of the command line, as `parseArgs` of `node:util` takes it, with its words for `--help`. */
export interface Option {
  readonly type: "string" | "boolean";
  readonly short?: string;
  readonly multiple?: true;
  /** What its value is called. */
  readonly value?: string;
  readonly help: string;
  /** The words that its value can be, where those are few. */
  readonly choices?: readonly string[];
  /** The only transport that it means something to; both unless set. */
  readonly only?: "http" | "stdio";
}

/** Every option of both commands, in the order of `--help`. */
export const options = {
  as: {
    type: "string",
    value: "NAME",
    help: "the name that a client without a token acts and owns under, and that of the first token (default: agent)",
  },
  policy: {
    type: "string",
    value: "FILE",
    help: "rules to use instead of those in the user's config directory (also COS_POLICY)",
  },
  "read-only": {
    type: "boolean",
    help: "offer no tool that changes something, and refuse such calls (also COS_READ_ONLY=1)",
  },
  toolsets: {
    type: "string",
    multiple: true,
    value: "LIST",
    help: "which tools to offer: default, all, containers, images, networks, volumes, engine (default: default)",
  },
  tools: {
    type: "string",
    multiple: true,
    value: "LIST",
    help: "single tools to offer: beside those of --toolsets, or else alone",
  },
  root: {
    type: "string",
    multiple: true,
    value: "DIR",
    help: "a directory that workloads may mount or build from; may be repeated (default: none)",
  },
  "trust-dialogs": {
    type: "boolean",
    only: "stdio",
    help: "let the client on standard input ask its user in a dialog when a call needs a confirmation",
  },
  "log-format": {
    type: "string",
    value: "FORMAT",
    choices: logFormats,
    help: "text or json: how each call is written to standard error (default: text)",
  },
  "log-level": {
    type: "string",
    value: "LEVEL",
    choices: logLevels,
    help: "the least to write: debug, info, warn, error or silent (default: info; on standard input, no log at all)",
  },
  port: {
    type: "string",
    value: "N",
    only: "http",
    help: "serve any number of clients over HTTP on this port, 0 for any that is free (default: 8770)",
  },
  host: { type: "string", value: "ADDRESS", only: "http", help: "the address to listen on (default: 127.0.0.1)" },
  "insecure-no-auth": {
    type: "boolean",
    only: "http",
    help: "let in whoever reaches the port, without a token; only on an address of this machine alone",
  },
  "tls-cert": { type: "string", value: "FILE", only: "http", help: "serve HTTPS with this certificate, in PEM" },
  "tls-key": { type: "string", value: "FILE", only: "http", help: "its key, in PEM" },
  "trusted-proxy": {
    type: "string",
    multiple: true,
    value: "ADDRESS",
    only: "http",
    help: "take connections only from here (ADDRESS or ADDRESS/BITS), where something does TLS; may be repeated",
  },
  "allowed-host": {
    type: "string",
    multiple: true,
    value: "NAME",
    only: "http",
    help: "another name that clients reach the server by: NAME, or NAME:PORT where they write the port; may be repeated",
  },
  "allowed-origin": {
    type: "string",
    multiple: true,
    value: "ORIGIN",
    only: "http",
    help: "a web page's SCHEME://NAME:PORT that may talk to the server; may be repeated",
  },
  "rate-limit": { type: "string", value: "N", only: "http", help: "requests a second of one caller (default: 100)" },
  "oauth-issuer": {
    type: "string",
    value: "URL",
    only: "http",
    help: "also let in who shows a JWT that this OAuth issuer has signed",
  },
  "oauth-audience": { type: "string", value: "TEXT", only: "http", help: "whom these tokens must be for" },
  "oauth-resource": {
    type: "string",
    value: "URL",
    only: "http",
    help: "where clients reach this server, told to those without a token (default: the audience)",
  },
  "oauth-scope": {
    type: "string",
    multiple: true,
    value: "SCOPE",
    only: "http",
    help: "a scope that these tokens must have; may be repeated (default: none)",
  },
  "oauth-name-claim": {
    type: "string",
    value: "CLAIM",
    only: "http",
    help: "the claim that names the caller, who is then called oauth-NAME (default: sub)",
  },
  version: { type: "boolean", short: "V", help: "print the version" },
  help: { type: "boolean", short: "h", help: "show this help" },
} as const satisfies Readonly<Record<string, Option>>;
