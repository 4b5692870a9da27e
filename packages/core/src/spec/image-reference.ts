import * as z from "zod";

/** A parsed image reference, completed with Docker's defaults (`docker.io`, `library/`, `latest`). */
export interface ImageReference {
  /** Registry host, with its port when one was given. */
  readonly domain: string;
  readonly path: string;
  /** Absent when only a digest was given. */
  readonly tag?: string;
  readonly digest?: string;
}

const pathPart = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const label = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const grammar = new RegExp(
  `^(?:(?<domain>localhost(?::[0-9]{1,5})?|${label}(?:\\.${label})+(?::[0-9]{1,5})?|${label}:[0-9]{1,5})/)?` +
    `(?<path>${pathPart}(?:/${pathPart})*)` +
    `(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?` +
    `(?:@(?<digest>sha256:[a-f0-9]{64}))?$`,
);
const imageId = /^sha256:[a-f0-9]{64}$/;
const bareId = /^[a-f0-9]{64}$/;
/** The longest name, domain and path together, that the distribution project allows. */
const maxNameLength = 255;

/**
 * Reads a reference by the grammar of the OCI distribution project.
 *
 * @returns undefined when `text` is not a reference.
 */
export function parseImageReference(text: string): ImageReference | undefined {
  if (text.length > 512 || imageId.test(text) || bareId.test(text)) return undefined;
  const groups = grammar.exec(text)?.groups;
  if (groups?.["path"] === undefined) return undefined;
  const domain = groups["domain"] ?? "docker.io";
  const hub = domain === "docker.io" || domain === "index.docker.io";
  const path = hub && !groups["path"].includes("/") ? `library/${groups["path"]}` : groups["path"];
  if (domain.length + 1 + path.length > maxNameLength) return undefined;
  const digest = groups["digest"];
  const tag = groups["tag"] ?? (digest === undefined ? "latest" : undefined);
  return {
    domain: hub ? "docker.io" : domain,
    path,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The full form of a reference, e.g. `docker.io/library/busybox:latest`. */
export function formatImageReference({ domain, path, tag, digest }: ImageReference): string {
  return `${domain}/${path}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** Whether `text` is a full image id (`sha256:` and 64 hex digits) rather than a reference. */
export function isImageId(text: string): boolean {
  return imageId.test(text);
}

/** An image reference, or a full image id. Prefixes of ids are not accepted: they change meaning as images come and go. */
export const imageName = z
  .string()
  .max(512)
  .refine((text) => isImageId(text) || parseImageReference(text) !== undefined, {
    error: 'expected an image reference like "python:3.12-slim" or "ghcr.io/team/app@sha256:…"',
  });
