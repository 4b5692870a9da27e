import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  networkName,
  oneLine,
  ownerName,
  resourceName,
  userLabelName,
  userName,
  variableName,
  withoutNul,
} from "./names.ts";

/** Any character at all, lone surrogates included. */
const character = fc.oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0x10ffff })).map((code) => String.fromCodePoint(code));

interface Case {
  readonly schema: { safeParse(value: unknown): { success: boolean } };
  readonly valid: readonly string[];
  readonly invalid: readonly string[];
}

const long = (length: number) => "a".repeat(length);
const hostile = [
  "",
  " ",
  "a b",
  "a\n",
  "\na",
  "a\0b",
  "a/b",
  "../a",
  "a\u200Bb",
  "\u0430bc",
  "ａ",
  "a\u202Eb",
  "\u001b[2J",
  "a%2fb",
  "a?b",
  "a#b",
];

const cases: Readonly<Record<string, Case>> = {
  "a resource's name": {
    schema: resourceName,
    valid: ["a", "0", "web", "web-1", "a--b", long(50)],
    invalid: [...hostile, "-a", "a-", "-", "Web", "a_b", "a.b", long(51), "__proto__"],
  },
  "an owner's name": {
    schema: ownerName,
    valid: ["a", "user", "Alice", "alice@example.com", "agent.7", "a_b-c", long(64)],
    invalid: [...hostile, "-a", "a-", ".a", "@a", "a@", long(65), "__proto__"],
  },
  "a label of the caller's": {
    schema: userLabelName,
    valid: ["user.a", "user.team", "user.a.b-c_d", `user.${long(120)}`],
    invalid: [
      ...hostile,
      "user.",
      "user",
      "team",
      "USER.a",
      "user.A",
      "user.-a",
      "user.a-",
      "cos.owner",
      "user.cos owner",
      `user.${long(121)}`,
      " user.a",
      "user.a\n",
    ],
  },
  "a user in the container": {
    schema: userName,
    valid: ["0", "root", "1000", "1000:1000", "nobody:nogroup", "_apt", "a.b-c"],
    invalid: [...hostile, "-1", ":", "1000:", ":1000", "1:2:3", "-u", "a:b c", long(33), "+0"],
  },
  "a network's name": {
    schema: networkName,
    valid: ["none", "bridge", "backend", "a", "net-1"],
    invalid: [
      ...hostile,
      "host",
      "default",
      "container",
      "container:abc",
      "container:",
      "service:x",
      "ns:/proc/1/ns/net",
      "Host",
      "-a",
      "a_b",
      long(51),
    ],
  },
  "a variable's name": {
    schema: variableName,
    valid: ["PATH", "a", "a b", "a.b-c", "ä", "1", "a\nb", long(256)],
    invalid: ["", "=", "A=B", "A\0", long(257)],
  },
  "one line of text": {
    schema: oneLine(10),
    valid: ["a", "grüße", "a b", "<b>", "😀", long(10)],
    invalid: ["", "a\nb", "a\r", "\u001b[2J", "\u0085", "\u2028", "\u2029", "\0", "\u009b", long(11)],
  },
  "text without NUL": {
    schema: withoutNul(10),
    valid: ["", "a\nb", "\u001b[2J", long(10)],
    invalid: ["\0", "a\0b", long(11)],
  },
};

describe.each(Object.entries(cases))("%s", (_what, { schema, valid, invalid }) => {
  test.each(valid)("may be %j", (text) => expect(schema.safeParse(text).success).toBe(true));
  test.each(invalid)("is not %j", (text) => expect(schema.safeParse(text).success).toBe(false));
  test.each([undefined, null, 5, true, ["a"], { a: 1 }])("is not %o", (value) =>
    expect(schema.safeParse(value).success).toBe(false),
  );
});

test("names that become part of a request hold nothing that could end or extend a path, an argument or a line", () => {
  const text = fc.oneof(fc.string({ unit: character }), fc.stringMatching(/^[a-zA-Z0-9@._:-]{1,70}$/));
  fc.assert(
    fc.property(text, (name) => {
      for (const schema of [resourceName, ownerName, userLabelName, userName, networkName]) {
        if (schema.safeParse(name).success) expect(name).toMatch(/^[A-Za-z0-9_][A-Za-z0-9@._:-]*$/);
      }
    }),
  );
});

test("the refusal of the host's network says what to use instead", () => {
  expect(networkName.safeParse("host").error?.message).toContain("bridge");
});
