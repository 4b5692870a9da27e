import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CosError } from "./errors.ts";
import { Redaction } from "./redaction.ts";

const redactionOf = (secrets: Readonly<Record<string, string>>) => new Redaction(new Map(Object.entries(secrets)));

/** What a stream becomes that arrives in these pieces. */
function throughPieces(redaction: Redaction, pieces: readonly Uint8Array[]): Buffer {
  const redactor = redaction.open();
  const passed = pieces.map((piece) => {
    const mine = Uint8Array.from(piece);
    const copy = Buffer.from(redactor.push(mine));
    // Its owner uses the memory again.
    mine.fill(0);
    return copy;
  });
  return Buffer.concat([...passed, redactor.end()]);
}

/** Secrets of few letters, and text that is full of them and of parts of them. */
const secretValue = fc.string({ unit: fc.constantFrom("x", "y", "\n"), minLength: 4, maxLength: 12 });
const secrets = fc.dictionary(fc.constantFrom("A", "B", "C"), secretValue, { minKeys: 1 });
const subject = secrets.chain((values) => {
  const piece = fc.oneof(
    fc.constantFrom(...Object.values(values)),
    fc.constantFrom(...Object.values(values).map((value) => value.slice(0, -1))),
    fc.string({ unit: fc.constantFrom("x", "y", "\n", "z"), maxLength: 6 }),
  );
  const text = fc.array(piece, { maxLength: 12 }).map((parts) => Buffer.from(parts.join("")));
  return fc.record({ values: fc.constant(values), text, cuts: fc.array(fc.nat({ max: 100 })) });
});

function cutAt(text: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.filter((cut) => cut < text.byteLength).toSorted((a, b) => a - b), text.byteLength];
  return places.slice(1).map((end, index) => text.subarray(places[index], end));
}

describe("a redaction", () => {
  test("makes the same of a stream however it is cut", () => {
    fc.assert(
      fc.property(subject, ({ values, text, cuts }) => {
        const redaction = redactionOf(values);
        const whole = redaction.text(text.toString());
        expect(throughPieces(redaction, cutAt(text, cuts)).toString()).toBe(whole);
        expect(
          throughPieces(
            redaction,
            [...text].map((byte) => Buffer.of(byte)),
          ).toString(),
        ).toBe(whole);
      }),
    );
  });

  test("lets no secret through", () => {
    fc.assert(
      fc.property(subject, ({ values, text, cuts }) => {
        const output = throughPieces(redactionOf(values), cutAt(text, cuts)).toString();
        for (const value of Object.values(values)) expect(output).not.toContain(value);
      }),
    );
  });

  test("holds back less than a secret, and nothing that cannot be the beginning of one", () => {
    const letters = fc.string({ unit: fc.constantFrom("x", "y"), minLength: 4, maxLength: 12 });
    fc.assert(
      fc.property(letters, fc.array(letters), (value, pieces) => {
        const redactor = redactionOf({ A: value }).open();
        for (const piece of pieces) redactor.push(Buffer.from(piece));
        const held = Buffer.from(redactor.end()).toString();
        expect(held.length).toBeLessThan(value.length);
        expect(value.startsWith(held)).toBe(true);
      }),
    );
    const redactor = redactionOf({ TOKEN: "hunter22" }).open();
    expect(Buffer.from(redactor.push(Buffer.from("password: "))).toString()).toBe("password: ");
    expect(Buffer.from(redactor.push(Buffer.from("hunt"))).toString()).toBe("");
    expect(Buffer.from(redactor.push(Buffer.from("ing"))).toString()).toBe("hunting");
  });

  test("passes on bytes that are no text as they are", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (pieces) => {
        const output = throughPieces(redactionOf({ TOKEN: "a secret that is not there" }), pieces);
        expect(output).toEqual(Buffer.concat(pieces));
      }),
    );
  });

  test("names the secret that was there, and of several the longest", () => {
    const redaction = redactionOf({ SHORT: "hunter", LONG: "hunter22" });
    expect(redaction.text("hunter, hunter22, hunter2")).toBe("[secret SHORT], [secret LONG], [secret SHORT]2");
  });

  test.each([
    ["in Base64", Buffer.from("pa$$ word/123").toString("base64").replace(/=+$/, "")],
    ["percent-encoded", encodeURIComponent("pa$$ word/123")],
    ["in Base64 within more", Buffer.from("pa$$ word/123 and more").toString("base64")],
  ])("knows a secret %s", (_form, text) => {
    const output = redactionOf({ P: "pa$$ word/123" }).text(`before ${text} after`);
    expect(output).toMatch(/^before \[secret P\]\S* after$/);
  });

  test("knows a secret inside JSON and with a terminal's line ends, and each of its longer lines", () => {
    const key = "first line\nsecond line\nend";
    const redaction = redactionOf({ KEY: key });
    expect(redaction.text(JSON.stringify({ key }))).toBe('{"key":"[secret KEY]"}');
    expect(redaction.text(key.replaceAll("\n", "\r\n"))).toBe("[secret KEY]");
    expect(redaction.text("cut here\nsecond line\nend")).toBe("cut here\n[secret KEY]\nend");
  });

  test("is fast, also with a secret of many lines", () => {
    const lines = Array.from({ length: 1000 }, (_, at) => `line ${at} of a long key`);
    const redactor = redactionOf({ KEY: lines.join("\n") }).open();
    const output = Buffer.alloc(1024 * 1024, "lime 12 of a long log\n");
    const started = performance.now();
    for (let time = 0; time < 20; time++) redactor.push(output);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test("takes secrets out of a failure: its message, hint, details and cause", () => {
    const failure = new CosError("failed_precondition", "bad value hunter22", {
      hint: "not hunter22",
      details: { status: 400, said: ["hunter22"] },
      cause: new Error("hunter22 again"),
    });
    const redacted = redactionOf({ TOKEN: "hunter22" }).error(failure);
    expect(redacted).toMatchObject({
      code: "failed_precondition",
      message: "bad value [secret TOKEN]",
      hint: "not [secret TOKEN]",
      details: { status: 400, said: ["[secret TOKEN]"] },
      cause: { message: "[secret TOKEN] again" },
    });
    expect(`${redacted.stack}${(redacted.cause as Error).stack}`).not.toContain("hunter22");
  });
});
