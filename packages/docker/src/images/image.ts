import { fromLabels, type Image, type Ownership, type Signer, userLabels } from "@cos/core";
import type { ImageBody, ImageRow } from "../api.ts";

/** What an image says about the containers made from it. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly variables: readonly string[];
  readonly user: string;
  readonly workingDir: string;
  readonly volumes: readonly string[];
  readonly stopSignal: string;
}

/** An image with its configuration, ready to be compiled into a container. */
export interface ResolvedImage extends Pick<Image, "id" | "tags"> {
  readonly config: ImageConfig;
}

export function fromImageBody(body: ImageBody): ResolvedImage {
  const config = body.Config ?? {};
  return {
    id: body.Id,
    tags: (body.RepoTags ?? []).map(toShortName),
    config: {
      entrypoint: config.Entrypoint ?? [],
      command: config.Cmd ?? [],
      variables: config.Env ?? [],
      user: config.User ?? "",
      workingDir: config.WorkingDir ?? "",
      volumes: Object.keys(config.Volumes ?? {}),
      stopSignal: config.StopSignal ?? "",
    },
  };
}

/** An image in cos's own terms. */
export function toImage(body: ImageBody, signer: Signer): Image {
  const [tags, labels] = [(body.RepoTags ?? []).map(toShortName), body.Config?.Labels ?? {}];
  return {
    id: body.Id,
    tags,
    digests: body.RepoDigests ?? [],
    createdAt: new Date(body.Created),
    sizeBytes: body.Size,
    labels: userLabels(labels),
    ownership: judgeImage(tags, labels, signer),
  };
}

/** An image as a list has it. Lists have `<none>:<none>` for what has no tag. */
export function fromImageRow(row: ImageRow, signer: Signer): Image {
  const named = (names: readonly string[] | null | undefined) =>
    (names ?? []).filter((name) => !name.startsWith("<none>"));
  const [tags, labels] = [named(row.RepoTags).map(toShortName), row.Labels ?? {}];
  return {
    id: row.Id,
    tags,
    digests: named(row.RepoDigests),
    createdAt: new Date(row.Created * 1000),
    sizeBytes: row.Size,
    labels: userLabels(labels),
    ownership: judgeImage(tags, labels, signer),
  };
}

/** A name without the registry and the folder that everybody leaves out, and that Podman spells out. */
function toShortName(tag: string): string {
  return tag.replace(/^docker\.io\/(?:library\/)?/, "");
}

/**
 * Whose an image is. Images pass their labels on to those built on them, so a good signature counts only together with
 * the tag that it names, which is a digest of what the image was made from.
 */
function judgeImage(tags: readonly string[], labels: Readonly<Record<string, string>>, signer: Signer): Ownership {
  const judged = tags.map((tag) => fromLabels("image", tag, labels, signer));
  return judged.find(({ status }) => status === "managed") ?? judged[0] ?? fromLabels("image", "", labels, signer);
}
