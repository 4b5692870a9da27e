/** What a URI names: a part of a container, or something that is there once. */
export type Address = ContainerAddress | FixedAddress;

export interface ContainerAddress {
  readonly kind: "logs" | "stats";
  readonly engine: string;
  /** Its name, or 12 or more digits of its id. */
  readonly container: string;
}

export interface FixedAddress {
  readonly kind: keyof typeof fixedUris;
  /** The engine that it is about; the default one where it is about none. */
  readonly engine: string;
}

/** The resources that are there once. */
export const fixedUris = {
  workloads: "cos://workloads",
  policy: "cos://policy",
  audit: "cos://audit/recent",
} as const;

/** With several engines, those that are not the default are named behind a URI. */
const ofEngine = "?engine=";

/** What a URI names, or undefined when there can be nothing of that kind. */
export function parseAddress(uri: string, engines: readonly string[]): Address | undefined {
  const [path = "", named, ...rest] = uri.split(ofEngine);
  const engine = named ?? engines[0] ?? "";
  if (rest.length > 0 || (named !== undefined && !engines.includes(named))) return undefined;
  const [, container = "", part] = /^docker:\/\/containers\/([a-zA-Z0-9][\w.-]{0,127})\/(logs|stats)$/.exec(path) ?? [];
  if (part === "logs" || part === "stats") return { kind: part, container, engine };
  if (path === fixedUris.workloads) return { kind: "workloads", engine };
  if (named !== undefined) return undefined;
  if (path === fixedUris.policy) return { kind: "policy", engine };
  return path === fixedUris.audit ? { kind: "audit", engine } : undefined;
}

/** The URI of what belongs to a container of the default engine. */
export function containerUri(container: string, part: "logs" | "stats"): string {
  return `docker://containers/${container}/${part}`;
}

/** The URI templates, by what they lead to; with several engines they have a part for the engine. */
export function templateUris(engines: readonly string[]) {
  const engine = engines.length > 1 ? "{?engine}" : "";
  return { logs: `${containerUri("{id}", "logs")}${engine}`, stats: `${containerUri("{id}", "stats")}${engine}` };
}
