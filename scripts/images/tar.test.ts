import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";

import { packTar } from "./tar.ts";

const archive = packTar([
  { path: "tmp/", mode: 0o1777 },
  { path: "bin/tool", content: Buffer.from("x".repeat(700)), mode: 0o755 },
  { path: "bin/alias", linkTo: "tool" },
  { path: "empty", content: Buffer.alloc(0) },
]);
const tar = (...args: string[]) => execFileSync("tar", args, { input: archive, encoding: "utf8" });

describe("packTar", () => {
  it("makes what tar reads: folders, files and links with their permissions", () => {
    const listed = tar("-tv", "-f", "-").trimEnd().split("\n");
    expect(listed.map((line) => [line.split(" ")[0], line.replace(/^.*\d\d:?\d\d /, "")])).toEqual([
      ["drwxrwxrwt", "tmp/"],
      ["-rwxr-xr-x", "bin/tool"],
      ["lrw-r--r--", "bin/alias -> tool"],
      ["-rw-r--r--", "empty"],
    ]);
  });

  it("keeps content that does not fill its last block", () => {
    expect(tar("-xO", "-f", "-", "bin/tool")).toBe("x".repeat(700));
  });
});
