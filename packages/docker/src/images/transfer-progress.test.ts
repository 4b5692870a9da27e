import type { ProgressEvent } from "@cos/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type TransferLine, TransferProgress } from "./transfer-progress.ts";

function follow(lines: readonly TransferLine[]): ProgressEvent[] {
  const progress = new TransferProgress("pull", "busybox");
  return lines.flatMap((line) => progress.take(line) ?? []);
}

const download = (id: string, current: number, total: number): TransferLine => ({
  status: "Downloading",
  id,
  progressDetail: { current, total },
});

describe("the progress of a pull", () => {
  test("adds up the layers", () => {
    const events = follow([
      { status: "Pulling from library/busybox", id: "latest" },
      { status: "Pulling fs layer", id: "a", progressDetail: {} },
      { status: "Already exists", id: "b", progressDetail: {} },
      download("a", 50, 100),
      { status: "Verifying Checksum", id: "a", progressDetail: {} },
      { status: "Extracting", id: "a", progressDetail: { current: 1, total: 100 } },
      { status: "Pull complete", id: "a", progressDetail: {} },
      { status: "Status: Downloaded newer image for busybox:latest" },
    ]);
    expect(events).toEqual([
      { phase: "pull", message: "Pulling busybox (0 of 1 layers)" },
      { phase: "pull", message: "Pulling busybox (1 of 2 layers)" },
      { phase: "pull", message: "Pulling busybox (1 of 2 layers)", done: 50, total: 100 },
      { phase: "pull", message: "Pulling busybox (1 of 2 layers)", done: 100, total: 100 },
      { phase: "pull", message: "Pulling busybox (2 of 2 layers)", done: 100, total: 100 },
    ]);
  });

  test("is not told for steps of less than a percent", () => {
    const lines = Array.from({ length: 1001 }, (_, index) => download("a", index, 1000));
    expect(follow(lines).length).toBeLessThanOrEqual(102);
  });

  test("never goes back and never passes its end, in whatever order lines come", () => {
    const layer = fc.constantFrom("a", "b", "c");
    const line = fc.oneof(
      fc.record({
        status: fc.constantFrom(
          "Waiting",
          "Verifying Checksum",
          "Download complete",
          "Extracting",
          "Pull complete",
          "Retrying in 5 seconds",
        ),
        id: layer,
      }),
      fc.tuple(layer, fc.nat(1000), fc.nat(1000)).map(([id, current, total]) => download(id, current, total)),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), (lines) => {
        let last = 0;
        for (const { done = last, total = done } of follow(lines)) {
          expect(done).toBeGreaterThanOrEqual(last);
          expect(done).toBeLessThanOrEqual(total);
          last = done;
        }
      }),
    );
  });
});

test("the progress of a push counts what the registry did not have", () => {
  const progress = new TransferProgress("push", "r.io/app:1");
  const pushing = (current: number) => ({ status: "Pushing", id: "a", progressDetail: { current, total: 100 } });
  const events = [
    { status: "The push refers to repository [r.io/app]" },
    { status: "Preparing", id: "a" },
    { status: "Layer already exists", id: "b" },
    pushing(40),
    pushing(100),
    { status: "Pushed", id: "a" },
    { status: "Mounted from base", id: "c" },
  ].flatMap((line) => progress.take(line) ?? []);
  expect(events.at(-1)).toEqual({
    phase: "push",
    message: "Pushing r.io/app:1 (3 of 3 layers)",
    done: 100,
    total: 100,
  });
  expect(progress.doneBytes).toBe(100);
});
