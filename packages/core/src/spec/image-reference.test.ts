import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatImageReference, imageName, isImageId, parseImageReference } from "./image-reference.ts";

/** Any character at all, lone surrogates included. */
const character = fc.oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0x10ffff })).map((code) => String.fromCodePoint(code));

const hex64 = "0123456789abcdef".repeat(4);
const digest = `sha256:${hex64}`;

const valid: readonly (readonly [text: string, full: string])[] = [
  ["busybox", "docker.io/library/busybox:latest"],
  ["busybox:1.36", "docker.io/library/busybox:1.36"],
  ["library/busybox", "docker.io/library/busybox:latest"],
  ["docker.io/busybox", "docker.io/library/busybox:latest"],
  ["index.docker.io/library/busybox", "docker.io/library/busybox:latest"],
  ["python:3.12-slim", "docker.io/library/python:3.12-slim"],
  ["grafana/grafana:11.0.0", "docker.io/grafana/grafana:11.0.0"],
  ["ghcr.io/team/app/part:v1", "ghcr.io/team/app/part:v1"],
  ["localhost/app", "localhost/app:latest"],
  ["localhost:5000/app:x", "localhost:5000/app:x"],
  ["registry:5000/a_b__c-d---e.f", "registry:5000/a_b__c-d---e.f:latest"],
  ["EXAMPLE.com/app", "EXAMPLE.com/app:latest"],
  ["a:1/b", "a:1/b:latest"],
  ["127.0.0.1:7777/x", "127.0.0.1:7777/x:latest"],
  [`busybox@${digest}`, `docker.io/library/busybox@${digest}`],
  [`ghcr.io/a/b:v1@${digest}`, `ghcr.io/a/b:v1@${digest}`],
  ["a:_x.Y-9", "docker.io/library/a:_x.Y-9"],
  ["39a7a", "docker.io/library/39a7a:latest"],
  ["39a7ae43d463", "docker.io/library/39a7ae43d463:latest"],
];

const invalid = [
  "",
  " ",
  "-v",
  "--privileged",
  "-",
  "Busybox",
  "busyBox/x",
  "busybox:",
  "busybox:-x",
  "busybox:.x",
  "busybox@",
  "busybox@sha256:abc",
  `busybox@md5:${hex64}`,
  `busybox@sha256:${hex64.toUpperCase()}`,
  `@${digest}`,
  `:latest`,
  "/busybox",
  "busybox/",
  "a//b",
  "a/../b",
  "../a",
  "./a",
  ".a",
  "_a",
  "a-",
  "a_",
  "a..b",
  "a___b",
  "a b",
  "a\tb",
  "a\nb",
  "busybox\n",
  "busybox\0",
  "http://x/y",
  "user@host/app",
  "a:b:c",
  "host:port/app",
  `a:${"x".repeat(129)}`,
  "a".repeat(241),
  `${"a/".repeat(200)}a`,
  hex64,
  digest,
  "bu\u017Fybox",
  "\u0432usybox",
  "busybox\u200B",
  "\uFF42usybox",
  "busybox\u202E",
  "busybox:lat\u0435st",
  "busybox\u2215x",
  "busybox\u0301",
  "\u{1D41B}usybox",
  "$(id)",
  "a;b",
  "a?tag=b",
  "a#b",
  "a%2fb",
  "a\\b",
  "a'b",
  "[::1]:5000/a",
];

describe("an image reference", () => {
  test.each(valid)("%s stands for %s", (text, full) => {
    const reference = parseImageReference(text);
    expect(reference === undefined ? undefined : formatImageReference(reference)).toBe(full);
    expect(imageName.parse(text)).toBe(text);
  });

  test.each(invalid)("is not %j", (text) => expect(parseImageReference(text)).toBeUndefined());

  test("is read into its parts", () => {
    expect(parseImageReference(`localhost:5000/team/app:v1@${digest}`)).toEqual({
      domain: "localhost:5000",
      path: "team/app",
      tag: "v1",
      digest,
    });
    expect(parseImageReference(`app@${digest}`)).toEqual({ domain: "docker.io", path: "library/app", digest });
  });

  test("is the same after it was written in full and read again", () => {
    const name = fc.stringMatching(/^[a-z0-9]{1,8}(?:(?:[._]|__|-{1,3})[a-z0-9]{1,8}){0,2}$/);
    const domain = fc.stringMatching(/^(?:localhost|[a-zA-Z0-9]{1,9}(?:\.[a-zA-Z0-9]{1,9}){1,3})(?::[0-9]{1,5})?$/);
    const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,12}$/);
    const written = fc
      .tuple(fc.option(domain), fc.array(name, { minLength: 1, maxLength: 12 }), fc.option(tag), fc.boolean())
      .map(([host, path, version, pinned]) => {
        return `${host === null ? "" : `${host}/`}${path.join("/")}${version === null ? "" : `:${version}`}${pinned ? `@${digest}` : ""}`;
      });
    fc.assert(
      fc.property(written, (text) => {
        const reference = parseImageReference(text);
        fc.pre(reference !== undefined);
        const full = formatImageReference(reference);
        expect(parseImageReference(full)).toEqual(reference);
        expect(imageName.safeParse(full).success).toBe(true);
      }),
    );
  });

  test("holds only printable ASCII, whatever text is offered", () => {
    const hostile = fc.array(
      fc.oneof(fc.constantFrom(...valid.map(([text]) => text)), fc.string({ unit: character, maxLength: 3 })),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(hostile, (parts) => {
        const text = parts.join("");
        fc.pre(parseImageReference(text) !== undefined);
        expect(text).toMatch(/^[A-Za-z0-9][\x21-\x7e]*$/);
      }),
    );
  });

  test("is no longer than a registry allows", () => {
    expect(parseImageReference("a".repeat(237))).toBeDefined();
    expect(parseImageReference("a".repeat(238))).toBeUndefined();
    expect(parseImageReference(`x.io/${"a".repeat(250)}:${"t".repeat(128)}@${digest}`)).toBeDefined();
    expect(parseImageReference(`x.io/${"a".repeat(251)}`)).toBeUndefined();
  });
});

describe("an image id", () => {
  test("is sha256: and 64 hex digits, and may be named in a spec", () => {
    expect(isImageId(digest)).toBe(true);
    expect(imageName.parse(digest)).toBe(digest);
  });

  test.each([
    "sha256:",
    `sha256:${hex64.slice(1)}`,
    `sha256:${hex64}0`,
    `SHA256:${hex64}`,
    hex64,
    ` ${digest}`,
    `${digest}\n`,
  ])("is not %j", (text) => expect(isImageId(text)).toBe(false));

  test("without its prefix is neither an id nor a reference, so it cannot be taken for one", () => {
    expect(imageName.safeParse(hex64).success).toBe(false);
  });
});

test.each([undefined, null, 5, ["busybox"], { image: "busybox" }])("an image's name is text, not %o", (value) =>
  expect(imageName.safeParse(value).success).toBe(false),
);
