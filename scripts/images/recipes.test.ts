import { describe, expect, it } from "vitest";

import { chooseRecipes, recipes } from "./recipes.ts";

describe("chooseRecipes", () => {
  it("chooses all images without a name", () => {
    expect(chooseRecipes([])).toEqual(recipes);
  });

  it("takes a reference or its short name", () => {
    const chosen = chooseRecipes(["busybox", "cos-test/nginx:1"]);
    expect(chosen.map(({ reference }) => reference)).toEqual(["busybox:latest", "cos-test/nginx:1"]);
  });

  it("refuses a name that means no image, and lists those that exist", () => {
    expect(() => chooseRecipes(["redis"])).toThrow(/no image is called redis; there are busybox, python/);
  });
});
