import { CosError } from "@cos/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readInstructions } from "./dockerfile.ts";
import { toDockerfile } from "./provision.ts";

const base = `sha256:${"a".repeat(64)}`;

describe("the Dockerfile of a provisioned base", () => {
  test("has one instruction for the base and one for each step", () => {
    expect(toDockerfile({ base, provision: ["apt-get update", "pip install numpy"] })).toBe(
      `FROM ${base}\nRUN ["/bin/sh","-c","apt-get update"]\nRUN ["/bin/sh","-c","pip install numpy"]\n`,
    );
  });

  test("has exactly these instructions with exactly these arguments, whatever the steps say", () => {
    const fragment = fc.constantFrom(
      "\n",
      "\r\n",
      "\\\n",
      "\\",
      '"',
      "'",
      "<<EOF",
      "FROM evil",
      "USER root",
      "# escape=`",
      "$(x)",
      "${PATH}",
      "\u2028",
      "\u0000",
      "\uD800",
      "]",
      " ",
    );
    const step = fc
      .array(fc.oneof(fragment, fc.string()), { minLength: 1, maxLength: 12 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (provision) => {
        const instructions = readInstructions(toDockerfile({ base, provision }));
        expect(instructions).toHaveLength(provision.length + 1);
        expect(instructions[0]).toMatchObject({ name: "FROM", rest: base });
        for (const [index, text] of provision.entries()) {
          const { name, rest } = instructions[index + 1] ?? { name: "", rest: "" };
          expect(name).toBe("RUN");
          expect(JSON.parse(rest)).toEqual(["/bin/sh", "-c", text]);
          expect(rest).not.toContain("<");
        }
      }),
    );
  });

  test.each(["busybox AS x", "busybox\nRUN evil", "$BASE", "39a7ae43d463 ", "--platform=x", ""])(
    "is not made for the base %j",
    (text) => {
      expect(() => toDockerfile({ base: text, provision: ["true"] })).toThrow(CosError);
    },
  );

  test("is not made for a step that the parser of Dockerfiles would cut", () => {
    expect(() => toDockerfile({ base, provision: ["true", "<".repeat(12_000)] })).toThrow(
      "Provision step 2 is too long.",
    );
  });
});
