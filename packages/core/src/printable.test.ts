import { describe, expect, test } from "vitest";
import { printable } from "./printable.ts";

describe("printable text", () => {
  test.each([
    ["that moves a cursor", "\u001b[2Ja\r\u0007\u0000", "\\u001b[2Ja\\u000d\\u0007\\u0000"],
    ["of the second set of controls", "a\u0085\u009b1m\u007f", "a\\u0085\\u009b1m\\u007f"],
    ["that changes its direction", "a\u202eb\u2066c\u061c", "a\\u202eb\\u2066c\\u061c"],
    ["that ends lines in other ways", "a\u2028b\u2029c", "a\\u2028b\\u2029c"],
    [
      "without a look of its own",
      "a\u034fb\u17b4c\u180bd\u2060e\ufeff\u00ad\u3164",
      "a\\u034fb\\u17b4c\\u180bd\\u2060e\\ufeff\\u00ad\\u3164",
    ],
    ["hidden in tags", "a\u{e0041}\u{e007f}", "a\\u{e0041}\\u{e007f}"],
    ["hidden in variation selectors", "a\ufe01\u{e0100}\u{e01ef}", "a\\ufe01\\u{e0100}\\u{e01ef}"],
  ])("has no character %s", (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  test.each(["line\n\ttab", "Grüße, 世界, שלום, سلام", "⚠\ufe0f ✔\ufe0e 🚀 👍🏽", "\\u001b", ""])(
    "is left as it is: %j",
    (text) => {
      expect(printable(text)).toBe(text);
    },
  );
});
