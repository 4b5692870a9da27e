import { describe, expect, test } from "vitest";
import { envSpec } from "./environment.ts";

const accepts = (value: unknown) => envSpec.safeParse(value).success;

describe("an environment", () => {
  test.each([
    { image: "python:3.12-slim" },
    { image: `sha256:${"0".repeat(64)}` },
    { build: { context: "." } },
    { build: { context: "/srv/app", dockerfile: "docker/Dockerfile", target: "run", arguments: { VERSION: "1" } } },
    { build: { inline: "FROM busybox\n" } },
    { build: { inline: "FROM busybox\nCOPY a /a\n", context: "." } },
    { base: "python:3.12-slim", provision: ["pip install requests", "echo 'a' && echo \"b\""] },
  ])("may be %j", (value) => expect(envSpec.parse(value)).toEqual(value));

  test.each([
    [{}, "exactly one"],
    [{ image: "a", build: { context: "." } }, "exactly one"],
    [{ image: "a", base: "b", provision: ["true"] }, "exactly one"],
    [{ build: { context: "." }, base: "b", provision: ["true"] }, "exactly one"],
    [{ provision: ["true"] }, "exactly one"],
    [{ base: "a" }, "go together"],
    [{ image: "a", provision: ["true"] }, "go together"],
    [{ build: {} }, "give a context"],
    [{ build: { dockerfile: "Dockerfile" } }, "give a context"],
    [{ build: { context: ".", inline: "FROM a", dockerfile: "x" } }, "excludes inline"],
  ])("is not %j: %s", (value, reason) => expect(envSpec.safeParse(value).error?.message).toContain(reason));

  test.each(["../Dockerfile", "a/../../Dockerfile", "a/..", "/etc/passwd", "", "a\nb", "a\0"])(
    "does not build from the file %j",
    (dockerfile) => expect(accepts({ build: { context: ".", dockerfile } })).toBe(false),
  );

  test.each(["-x", "", "a b", "a\n", "a/b", "a".repeat(129)])("does not build the stage %j", (target) =>
    expect(accepts({ build: { context: ".", target } })).toBe(false),
  );

  test.each([[], [""], ["a\0b"], "true", [["true"]], Array<string>(65).fill("true"), ["a".repeat(16_385)]])(
    "does not provision by %j",
    (provision) => expect(accepts({ base: "a", provision })).toBe(false),
  );

  test.each([{ "A=B": "1" }, { A: 1 }, { A: "\0" }, { "": "1" }])("does not build with the arguments %j", (args) =>
    expect(accepts({ build: { context: ".", arguments: args } })).toBe(false),
  );
});
