import type { ImageUse } from "@cos/core";
import type { ImageRow } from "../api.ts";

/**
 * What depends on each image that has a tag, or that no other is built on; the rest are steps of builds.
 *
 * @param rows all images of an engine, steps of builds included.
 */
export function usesOf(rows: readonly ImageRow[]): Map<string, ImageUse> {
  const byId = new Map(rows.map((row) => [row.Id, row]));
  const children = new Map<string, number>();
  for (const { ParentId = "" } of rows) children.set(ParentId, (children.get(ParentId) ?? 0) + 1);
  const childrenOf = ({ Id }: ImageRow) => children.get(Id) ?? 0;

  /** What stays when the image goes: the first below it that has a tag, or on which something else is built. */
  function baseOf({ ParentId = "" }: ImageRow): ImageRow | undefined {
    const parent = byId.get(ParentId);
    return parent === undefined || isTagged(parent) || childrenOf(parent) > 1 ? parent : baseOf(parent);
  }

  const shown = rows.filter((row) => isTagged(row) || childrenOf(row) === 0);
  return new Map(
    shown.map((row) => {
      const isBase = childrenOf(row) > 0;
      return [row.Id, { isBase, ownBytes: isBase ? 0 : Math.max(0, row.Size - (baseOf(row)?.Size ?? 0)) }];
    }),
  );
}

/** In a list, an image without a tag has one that says so. */
function isTagged({ RepoTags }: ImageRow): boolean {
  return (RepoTags ?? []).some((tag) => !tag.startsWith("<none>"));
}
