import { expect, test } from "vitest";
import { toState } from "./state.ts";

test.each([
  ["running", "running"],
  ["exited", "exited"],
  ["configured", "created"],
  ["initialized", "created"],
  ["stopped", "exited"],
  // It has not ended, so its exit code is none yet.
  ["stopping", "running"],
  ["unheard-of", "dead"],
])("a container that an engine calls %s is %s", (state, expected) => {
  expect(toState(state)).toBe(expected);
});
