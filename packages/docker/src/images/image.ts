import type { Image } from "@cos/core";
import type { ImageBody } from "../api.ts";

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
export interface ResolvedImage extends Image {
  readonly config: ImageConfig;
}

export function fromImageBody(body: ImageBody): ResolvedImage {
  const config = body.Config ?? {};
  return {
    id: body.Id,
    tags: body.RepoTags ?? [],
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
