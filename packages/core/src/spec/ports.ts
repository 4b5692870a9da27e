import * as z from "zod";

export interface PortSpec {
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp";
}

const pattern = /^([0-9]{1,5}):([0-9]{1,5})(?:\/(tcp|udp))?$/;

/**
 * Reads `"host:container"` with an optional `/tcp` or `/udp`. Host port 0 lets the engine choose.
 *
 * @returns undefined when `text` is not such a pair of ports.
 */
export function parsePort(text: string): PortSpec | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [hostPort, containerPort] = [Number(match[1]), Number(match[2])];
  if (hostPort > 65_535 || containerPort < 1 || containerPort > 65_535) return undefined;
  return { hostPort, containerPort, protocol: match[3] === "udp" ? "udp" : "tcp" };
}

/** A published port, e.g. `"8080:80"`. It binds to 127.0.0.1. */
export const publishedPort = z.string().refine((text) => parsePort(text) !== undefined, {
  error: 'expected "host:container" like "8080:80", with an optional /tcp or /udp',
});
