import { randomBytes } from "node:crypto";
import { createSigner, newObjectId, type ObjectKind, toLabels } from "@cos/core";
import { expect, test } from "vitest";
import { toDiskUsage } from "./disk-usage.ts";

const signer = createSigner(randomBytes(32));

function labelsOf(kind: ObjectKind, name: string) {
  const nothing = { purpose: "", project: "", image: "", spec: "", specDigest: "", ttlSeconds: undefined };
  const labels = { ...nothing, id: newObjectId(), owner: "user", lifecycle: "ephemeral" as const, name };
  return toLabels(kind, { ...labels, createdAt: new Date() }, signer);
}

test("disk usage is told for everything, and for what carries a good signature under its own name", () => {
  const job = labelsOf("container", "job");
  const usage = toDiskUsage(
    {
      LayersSize: 1000,
      Images: [
        { RepoTags: ["cos-cache:1"], Labels: labelsOf("image", "cache:1"), Size: 400, SharedSize: 100 },
        // Derived from ours: the labels came along, the name did not.
        { RepoTags: ["somebody/app"], Labels: labelsOf("image", "cache:1"), Size: 500, SharedSize: 100 },
        { RepoTags: null, Labels: null, Size: 300, SharedSize: -1 },
      ],
      Containers: [
        { Names: ["/cos-job"], Labels: job, SizeRw: 10 },
        { Names: ["/other"], Labels: job, SizeRw: 20 },
        { Names: null, Labels: null },
      ],
      Volumes: [
        { Name: "cos-data", Driver: "local", Labels: labelsOf("volume", "data"), UsageData: { Size: 7 } },
        { Name: "theirs", Driver: "local", Labels: null, UsageData: { Size: -1 } },
      ],
      BuildCache: [{ Size: 5 }, {}],
    },
    signer,
  );
  expect(usage).toEqual({
    all: {
      containers: { count: 3, bytes: 30 },
      images: { count: 3, bytes: 1000 },
      volumes: { count: 2, bytes: 7 },
      buildCache: { count: 2, bytes: 5 },
    },
    managed: {
      containers: { count: 1, bytes: 10 },
      images: { count: 1, bytes: 300 },
      volumes: { count: 1, bytes: 7 },
    },
  });
});

test("an engine that has nothing says null", () => {
  const nothing = { Images: null, Containers: null, Volumes: null, BuildCache: null };
  const { all } = toDiskUsage(nothing, signer);
  expect(Object.values(all)).toEqual(Array.from({ length: 4 }, () => ({ count: 0, bytes: 0 })));
});
