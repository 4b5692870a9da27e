import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maxHeaderBytes, tarEnd, type TarEntry, tarPadding, toTarHeader, writeTarHeader } from "./tar-header.ts";

function pack(entries: readonly (TarEntry & { content?: Buffer })[]): Buffer {
  const parts = entries.flatMap(({ content = Buffer.alloc(0), ...entry }) => [
    toTarHeader(entry),
    content,
    tarPadding(content.byteLength),
  ]);
  return Buffer.concat([...parts, tarEnd]);
}

const systemTar = (archive: Buffer, ...args: string[]) =>
  execFileSync("tar", ["-f-", ...args], { input: archive, env: { ...process.env, TZ: "UTC", LC_ALL: "C.UTF-8" } });
const list = (archive: Buffer) =>
  systemTar(archive, "--quoting-style=literal", "-t").toString("utf8").split("\n").slice(0, -1);

describe("a tar archive", () => {
  test("is read back by the system's tar with modes, links and root as the owner", () => {
    const content = Buffer.from("#!/bin/sh\necho hi\n");
    const archive = pack([
      { path: "bin", type: "directory", mode: 0o755, size: 0 },
      { path: "bin/hi", type: "file", mode: 0o4750, size: content.byteLength, content },
      { path: "bin/link", type: "symlink", mode: 0o777, size: 0, linkTarget: "../../etc/passwd" },
    ]);
    const lines = systemTar(archive, "-tv", "--numeric-owner", "--full-time").toString("utf8").split("\n");
    expect(lines[0]).toMatch(/^drwxr-xr-x 0\/0 +0 1980-01-01 00:00:00 bin\/$/);
    expect(lines[1]).toMatch(/^-rwsr-x--- 0\/0 +18 1980-01-01 00:00:00 bin\/hi$/);
    expect(lines[2]).toMatch(/^lrwxrwxrwx 0\/0 +0 1980-01-01 00:00:00 bin\/link -> ..\/..\/etc\/passwd$/);
    expect(systemTar(archive, "-xO", "bin/hi")).toEqual(content);
  });

  test("is the same whenever it is packed", () => {
    const entries = [{ path: "a", type: "file", mode: 0o644, size: 1, content: Buffer.from("x") }] as const;
    expect(pack(entries)).toEqual(pack(entries));
  });

  test("keeps names of any length and alphabet", () => {
    const part = fc
      .string({ unit: fc.constantFrom("a", "B", " ", "é", "漢", ".", "-"), minLength: 1, maxLength: 120 })
      .map((text) => `x${text}x`);
    const paths = fc.uniqueArray(
      fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/")),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(paths, (names) => {
        const content = Buffer.from("data");
        const entries = names.map(
          (path) => ({ path, type: "file", mode: 0o600, size: content.byteLength, content }) as const,
        );
        expect(list(pack(entries))).toEqual(names);
      }),
      { numRuns: 25 },
    );
  });

  test.each([99, 100, 101, 155, 156, 254, 255, 256, 300, 985, 995, 1005])(
    "keeps a name of %i bytes, whole or with directories",
    (length) => {
      const whole = "n".repeat(length);
      const nested = "d/".repeat(Math.floor(length / 2)) + "n".repeat(1 + (length % 2));
      expect(
        list(
          pack([
            { path: whole, type: "file", mode: 0o644, size: 0 },
            { path: nested, type: "directory", mode: 0o755, size: 0 },
          ]),
        ),
      ).toEqual([whole, `${nested}/`]);
    },
  );

  test("keeps long link targets", () => {
    const linkTarget = "t".repeat(300);
    const archive = pack([{ path: "l", type: "symlink", mode: 0o777, size: 0, linkTarget }]);
    expect(systemTar(archive, "-tv").toString("utf8")).toContain(`l -> ${linkTarget}\n`);
  });
});

test("a header that is written into a buffer is the one that is made by itself", () => {
  const entry = fc.record({
    path: fc.oneof(
      fc.string({ unit: fc.constantFrom("a", "Z", "/", ".", " ", "~"), minLength: 1, maxLength: 130 }),
      fc.string({ unit: fc.constantFrom("a", "é", "漢"), minLength: 1, maxLength: 60 }),
    ),
    type: fc.constantFrom("file", "directory", "symlink"),
    mode: fc.nat(0o7777),
    size: fc.oneof(fc.nat(1000), fc.constantFrom(0, 0o77777777777, 0o77777777777 + 1, 2 ** 40)),
    owner: fc.constantFrom(undefined, { uid: 1000, gid: 1000 }),
  });
  fc.assert(
    fc.property(entry, fc.nat(1000), (header, at) => {
      const buffer = Buffer.alloc(at + maxHeaderBytes, "x");
      const bytes = writeTarHeader(buffer, at, header as TarEntry);
      expect(buffer.subarray(at, at + bytes)).toEqual(toTarHeader(header as TarEntry));
      expect(buffer.subarray(at + bytes).every((byte) => byte === 120)).toBe(true);
    }),
  );
});
