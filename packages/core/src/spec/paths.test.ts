import { posix } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { containerPath, hostPath, mountTarget } from "./paths.ts";

/** Any character at all, lone surrogates included. */
const character = fc.oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0x10ffff })).map((code) => String.fromCodePoint(code));

const accepts = (schema: { safeParse(value: unknown): { success: boolean } }, value: unknown) =>
  schema.safeParse(value).success;

describe("a container path", () => {
  test.each([
    "/",
    "/data",
    "/usr/share/nginx/html",
    "/a b/ü",
    "/etc",
    "/process",
    "/system",
    "/devices",
    "/...",
    "/.hidden",
    "/a/..b",
  ])("may be %s", (path) => expect(containerPath.parse(path)).toBe(path));

  test.each([
    "",
    "data",
    "./data",
    "../data",
    "~/data",
    "/data/",
    "//data",
    "/a//b",
    "/a/./b",
    "/a/../b",
    "/..",
    "/.",
    "/a/..",
    "C:\\data",
    "/a\nb",
    "/a\0b",
    "/a\tb",
    "/a\u007fb",
    "/a,ro",
    "/proc",
    "/proc/self",
    "/sys",
    "/sys/fs/cgroup",
    "/dev",
    "/dev/shm",
    `/${"a".repeat(4096)}`,
  ])("is not %j", (path) => expect(accepts(containerPath, path)).toBe(false));

  test("is absolute, canonical and outside the kernel's directories, whatever is offered", () => {
    const part = fc.oneof(
      fc.constantFrom("..", ".", "", "proc", "sys", "dev", "a", "\n", "\0", ","),
      fc.string({ unit: character, maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const path = `/${parts.join("/")}`;
        fc.pre(accepts(containerPath, path));
        expect(posix.resolve("/", path)).toBe(path);
        expect(path).not.toMatch(/^\/(?:proc|sys|dev)(?:\/|$)/);
        expect([...path].filter((sign) => sign < " " || sign === "\u007f" || sign === ",")).toEqual([]);
      }),
    );
  });
});

describe("a mount's target", () => {
  test.each([
    "/data",
    "/usr/share/nginx/html",
    "/usr/local/lib",
    "/etc/nginx",
    "/var/lib/postgresql/data",
    "/run/app",
    "/tmp",
    "/home",
    "/bin/tool",
  ])("may be %s", (path) => expect(accepts(mountTarget, path)).toBe(true));

  test.each([
    "/",
    "/bin",
    "/boot",
    "/etc",
    "/lib",
    "/lib64",
    "/run",
    "/sbin",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/var",
    "/proc",
    "/dev/shm",
    "/x/../proc",
    "/etc/",
  ])("is not %s", (path) => expect(accepts(mountTarget, path)).toBe(false));
});

describe("a host path", () => {
  test.each([".", "src", "../src", "/srv/data", "C:\\data", "/a,b", "-v"])("may be %s as the caller wrote it", (path) =>
    expect(hostPath.parse(path)).toBe(path),
  );

  test.each(["", "/a\nb", "/a\0b", "/a\u001b[2Jb", "/a\u007f", "a".repeat(4097)])("is not %j", (path) =>
    expect(accepts(hostPath, path)).toBe(false),
  );
});

test.each([undefined, null, 5, ["/data"], {}])("a path is text, not %o", (value) => {
  for (const schema of [containerPath, mountTarget, hostPath]) expect(accepts(schema, value)).toBe(false);
});
