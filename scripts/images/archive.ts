import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { tarEnd, tarHeader, tarPadding } from "./tar.ts";

/** The part of an image's configuration that recipes set, in the engine's own words. */
export interface ImageConfig {
  readonly Cmd: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Env?: readonly string[];
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly StopSignal?: string;
  readonly Volumes?: Readonly<Record<string, object>>;
}

const created = "1970-01-01T00:00:00Z";
const architectures: Partial<Record<string, string>> = { x64: "amd64" };

/**
 * Writes an archive that every engine can load: one layer from a tar file, with fixed dates, so that the same layer and
 * configuration have the same image id on every machine.
 */
export async function writeImageArchive(
  path: string,
  reference: string,
  config: ImageConfig,
  layer: string,
): Promise<void> {
  const size = (await stat(layer)).size;
  const hash = createHash("sha256");
  await pipeline(createReadStream(layer), hash);
  const digest = hash.digest("hex");
  const image = Buffer.from(
    JSON.stringify({
      architecture: architectures[process.arch] ?? process.arch,
      os: "linux",
      created,
      config,
      rootfs: { type: "layers", diff_ids: [`sha256:${digest}`] },
      history: [{ created, created_by: "./dev images" }],
    }),
  );
  const configPath = `${createHash("sha256").update(image).digest("hex")}.json`;
  const layerPath = `${digest}/layer.tar`;
  const manifest = Buffer.from(JSON.stringify([{ Config: configPath, RepoTags: [reference], Layers: [layerPath] }]));

  async function* blocks() {
    yield tarHeader({ path: layerPath, size });
    yield* createReadStream(layer) as AsyncIterable<Buffer>;
    yield tarPadding(size);
    for (const [name, content] of [
      [configPath, image],
      ["manifest.json", manifest],
    ] as const) {
      yield tarHeader({ path: name, content });
      yield content;
      yield tarPadding(content.length);
    }
    yield tarEnd;
  }
  const part = `${path}.part`;
  await pipeline(Readable.from(blocks()), createWriteStream(part));
  await rename(part, path);
}
