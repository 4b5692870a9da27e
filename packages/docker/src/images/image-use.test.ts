import { expect, test } from "vitest";
import type { ImageRow } from "../api.ts";
import { usesOf } from "./image-use.ts";

const row = (Id: string, Size: number, ParentId = "", tag = "<none>:<none>"): ImageRow => ({
  Id,
  Size,
  Created: 0,
  ParentId,
  RepoTags: [tag],
});
const base = row("base", 100, "", "busybox:latest");
const step = row("step", 150, "base");
const built = row("built", 160, "step", "cos-cache:0123");

const shown = (rows: readonly ImageRow[]) =>
  [...usesOf(rows)].map(([id, { ownBytes, isBase }]) => [id, ownBytes, isBase] as const);

test("an image's own bytes are those of its steps; a base has none, for others hold it", () => {
  expect(shown([base, step, built])).toEqual([
    ["base", 0, true],
    ["built", 60, false],
  ]);
});

test("a step that two images share is neither's own", () => {
  expect(shown([base, step, built, row("other", 155, "step", "other:1")])).toEqual([
    ["base", 0, true],
    ["built", 10, false],
    ["other", 5, false],
  ]);
});

test("an image without a tag counts as one where nothing is built on it", () => {
  expect(shown([base, step, built, row("untagged", 170, "built")])).toEqual([
    ["base", 0, true],
    ["built", 0, true],
    ["untagged", 10, false],
  ]);
});

test("what an image was built on may be unknown, or gone", () => {
  expect(
    shown([
      { ...built, ParentId: "gone" },
      { Id: "pulled", Size: 5, Created: 0, RepoTags: null },
    ]),
  ).toEqual([
    ["built", 160, false],
    ["pulled", 5, false],
  ]);
});
