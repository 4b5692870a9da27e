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
  /** Only means something to a server that listens for HTTP. */
  readonly http?: true;
}

/** Every option of both commands, in the order of `--help`. */
export const options = {
  as: {
    type: "string",
    value: "NAME",
    help: "the name that a client on standard input, or without a token, acts and owns under (default: agent)",
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
    help: "let the client on standard input ask its user in a dialog when a call needs a confirmation",
  },
  "log-format": {
    type: "string",
    value: "FORMAT",
    help: "text or json: how each call is written to standard error (default: text)",
  },
  "log-level": {
    type: "string",
    value: "LEVEL",
    help: "the least to write: debug, info, warn, error or silent (default: info; on standard input, no log at all)",
  },
  port: {
    type: "string",
    value: "N",
    http: true,
    help: "serve any number of clients over HTTP on this port, 0 for any that is free (default: 8770)",
  },
  host: { type: "string", value: "ADDRESS", http: true, help: "the address to listen on (default: 127.0.0.1)" },
  "insecure-no-auth": {
    type: "boolean",
    http: true,
    help: "let in whoever reaches the port, without a token; only on an address of this machine alone",
  },
  "tls-cert": { type: "string", value: "FILE", http: true, help: "serve HTTPS with this certificate, in PEM" },
  "tls-key": { type: "string", value: "FILE", http: true, help: "its key, in PEM" },
  "trusted-proxy": {
    type: "string",
    multiple: true,
    value: "ADDRESS",
    http: true,
    help: "take connections only from here (ADDRESS or ADDRESS/BITS), where something does TLS; may be repeated",
  },
  "allowed-host": {
    type: "string",
    multiple: true,
    value: "NAME",
    http: true,
    help: "another NAME or NAME:PORT that clients reach the server by; may be repeated",
  },
  "allowed-origin": {
    type: "string",
    multiple: true,
    value: "ORIGIN",
    http: true,
    help: "a web page's SCHEME://NAME:PORT that may talk to the server; may be repeated",
  },
  "rate-limit": { type: "string", value: "N", http: true, help: "requests a second of one caller (default: 100)" },
  "oauth-issuer": {
    type: "string",
    value: "URL",
    http: true,
    help: "also let in who shows a JWT that this OAuth issuer has signed",
  },
  "oauth-audience": { type: "string", value: "TEXT", http: true, help: "whom these tokens must be for" },
  "oauth-resource": {
    type: "string",
    value: "URL",
    http: true,
    help: "where clients reach this server, told to those without a token (default: the audience)",
  },
  "oauth-scope": {
    type: "string",
    multiple: true,
    value: "SCOPE",
    http: true,
    help: "a scope that these tokens must have; may be repeated (default: none)",
  },
  "oauth-name-claim": {
    type: "string",
    value: "CLAIM",
    http: true,
    help: "the claim that names the caller, who is then called oauth-NAME (default: sub)",
  },
  version: { type: "boolean", short: "V", help: "print the version" },
  help: { type: "boolean", short: "h", help: "show this help" },
} as const satisfies Readonly<Record<string, Option>>;
