import { type CallOptions, type DiskUsage, type DiskUse, fromLabels, type Signer } from "@cos/core";
import type { DiskUsageBody } from "./api.ts";
import type { EngineClient } from "./transport/engine-client.ts";

/** The engine adds up every file of every container and volume. Milliseconds. */
const deadlineMs = 5 * 60_000;

/** What the engine keeps on its disk, and which of it this installation made. */
export async function readDiskUsage(
  client: EngineClient,
  signer: Signer,
  { signal }: CallOptions = {},
): Promise<DiskUsage> {
  return toDiskUsage(await client.call<DiskUsageBody>("GET", ["system", "df"], { deadlineMs, signal }), signer);
}

export function toDiskUsage(body: DiskUsageBody, signer: Signer): DiskUsage {
  const images = body.Images ?? [];
  const containers = body.Containers ?? [];
  const volumes = body.Volumes ?? [];
  const isManaged = (kind: "container" | "image" | "volume", names: readonly string[], labels: Labels) =>
    names.some((name) => fromLabels(kind, name.replace(/^\//, ""), labels ?? {}, signer).status === "managed");
  const containerBytes = ({ SizeRw = 0 }: (typeof containers)[number]) => SizeRw;
  // Sizes that an engine did not work out are -1.
  const volumeBytes = ({ UsageData }: (typeof volumes)[number]) => Math.max(0, UsageData?.Size ?? 0);
  return {
    all: {
      containers: toUse(containers, containerBytes),
      images: { count: images.length, bytes: body.LayersSize ?? toUse(images, ({ Size }) => Size).bytes },
      volumes: toUse(volumes, volumeBytes),
      buildCache: toUse(body.BuildCache ?? [], ({ Size = 0 }) => Size),
    },
    managed: {
      containers: toUse(
        containers.filter(({ Names, Labels }) => isManaged("container", Names ?? [], Labels)),
        containerBytes,
      ),
      images: toUse(
        images.filter(({ RepoTags, Labels }) => isManaged("image", RepoTags ?? [], Labels)),
        ({ Size, SharedSize = 0 }) => Size - Math.max(0, SharedSize),
      ),
      volumes: toUse(
        volumes.filter(({ Name, Labels }) => isManaged("volume", [Name], Labels)),
        volumeBytes,
      ),
    },
  };
}

type Labels = Readonly<Record<string, string>> | null | undefined;

function toUse<T>(things: readonly T[], bytesOf: (thing: T) => number): DiskUse {
  return { count: things.length, bytes: things.reduce((total, thing) => total + bytesOf(thing), 0) };
}
