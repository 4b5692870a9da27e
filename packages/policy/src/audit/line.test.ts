import { createHmac, createSecretKey } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { callerKinds, effects } from "../question.ts";
import { type AuditEvent, auditStages } from "./event.ts";
import { maxLineBytes, parseLine, writeLine } from "./line.ts";
import { sealOf } from "./seal.ts";
import { closeEvent } from "./shape.ts";
import { key as secret, sampleEvent } from "./testing/log-directory.ts";

const key = createSecretKey(secret);
const place = { seq: 7, time: "2026-03-09T10:00:00.000Z", writer: "cli", prev: "1".repeat(64) };
const hmac = (text: string) => createHmac("sha256", secret).update(text).digest("hex");
/** The record that becomes of an event when it is written and read again. */
const reread = (event: AuditEvent) => parseLine(writeLine(key, place, closeEvent(event)).text);
const refused = (message: string) => expect.objectContaining({ code: "failed_precondition", message });

/** Any code unit at all, and often one of those that have harmed a log somewhere. */
const unit = fc.oneof(
  fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)),
  fc.constantFrom("\n", "\r", "\0", "\u001b", "\u007f", "\u0085", "\u2028", "\u2029", "\u202e", "\ud800", "\udfff"),
  fc.constantFrom('"', "\\", "}", ",", "é", "漢", "🐳", "\ufeff"),
);
const anyText = fc.string({ unit, maxLength: 120 });
const anyShortText = fc.string({ unit, maxLength: 40 });
const member = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const anyAsks = fc.record({
  network: member(anyText),
  egress: member(fc.boolean()),
  hostPaths: member(fc.array(anyShortText, { maxLength: 10 })),
  ports: member(fc.array(anyShortText, { maxLength: 3 })),
  volumes: member(fc.array(anyShortText, { maxLength: 3 })),
  profile: member(anyShortText),
  image: member(anyShortText),
  registry: member(anyShortText),
  builds: member(fc.boolean()),
  secrets: member(fc.boolean()),
  otherOwners: member(fc.boolean()),
  cpus: member(fc.double({ noNaN: true, noDefaultInfinity: true }).map((cpus) => cpus + 0)),
  memoryBytes: member(fc.maxSafeNat()),
  pids: member(fc.nat()),
});
const anyEvent: fc.Arbitrary<AuditEvent> = fc.record({
  callId: anyText,
  stage: fc.constantFrom(...auditStages),
  operation: anyText,
  effect: member(fc.constantFrom(...effects)),
  engine: anyText,
  caller: fc.record({ kind: fc.constantFrom(...callerKinds), name: anyText }),
  target: member(fc.record({ kind: anyText, id: anyText, name: anyText })),
  inputDigest: member(anyText),
  asks: member(anyAsks),
  rule: member(anyText),
  consent: member(fc.constantFrom("caller", "person", "assumed", "approval", "grant")),
  confirms: member(anyText),
  reference: member(anyText),
  approver: member(anyText),
  code: member(anyText),
});

describe("a line", () => {
  test("has the members in their order, and a mac over the text before it", () => {
    const event = {
      code: "conflict",
      approver: "key-1",
      reference: "A-1",
      confirms: "call-0",
      consent: "approval",
      rule: "agents",
      asks: {
        pids: 5,
        memoryBytes: 4,
        cpus: 0.5,
        otherOwners: false,
        secrets: true,
        builds: false,
        registry: "docker.io",
        image: "busybox",
        profile: "sandbox",
        volumes: ["data"],
        ports: ["80:80"],
        hostPaths: ["/srv"],
        egress: true,
        network: "bridge",
      },
      inputDigest: "ab",
      target: { name: "web", id: "c0ffee", kind: "container" },
      caller: { name: "ann", kind: "http" },
      engine: "local",
      effect: "destroy",
      operation: "container_remove",
      stage: "recovered",
      callId: "call-1",
    } as const;
    const torn = { bytes: 3, sha256: "2".repeat(64) };
    const { text, mac } = writeLine(key, { ...place, clockBackMs: 5, torn }, closeEvent(event));
    const body = [
      '{"seq":7,"time":"2026-03-09T10:00:00.000Z","writer":"cli","callId":"call-1","stage":"recovered"',
      '"operation":"container_remove","effect":"destroy","engine":"local","caller":{"kind":"http","name":"ann"}',
      `"target":{"kind":"container","id":"c0ffee","name":"web"},"inputDigest":"${hmac('input:"ab"')}"`,
      '"asks":{"network":"bridge","egress":true,"hostPaths":["/srv"],"ports":["80:80"],"volumes":["data"]',
      '"profile":"sandbox","image":"busybox","registry":"docker.io","builds":false,"secrets":true,"otherOwners":false',
      '"cpus":0.5,"memoryBytes":4,"pids":5},"rule":"agents","consent":"approval","confirms":"call-0"',
      '"reference":"A-1","approver":"key-1","code":"conflict","clockBackMs":5',
      `"torn":{"bytes":3,"sha256":"${"2".repeat(64)}"},"prev":"${"1".repeat(64)}"`,
    ].join(",");
    expect(mac).toBe(hmac(`${body}}`));
    expect(text).toBe(`${body},"mac":"${mac}"}`);
    expect(parseLine(text)).toEqual({
      ...event,
      ...place,
      inputDigest: hmac('input:"ab"'),
      clockBackMs: 5,
      torn,
      mac,
    });
  });

  test("holds no member that was not given", () => {
    const { text } = writeLine(key, place, closeEvent(sampleEvent()));
    expect(Object.keys(JSON.parse(text)).join(" ")).toBe(
      "seq time writer callId stage operation engine caller prev mac",
    );
  });

  test("is printable ASCII, one line, short enough and genuine, and holds what was recorded, whatever that is", () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const { text, mac } = writeLine(key, place, closeEvent(event));
        expect(text).toMatch(/^[ -~]+$/);
        expect(text.length).toBeLessThan(maxLineBytes);
        expect(sealOf([key], text)).toBe(mac);
        const { asks, inputDigest, ...others } = event;
        const { asks: kept, inputDigest: hidden, asksDigest, ...written } = parseLine(text) ?? {};
        const given = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
        expect(written).toEqual({ ...given, ...place, mac });
        expect(kept ?? {}).toEqual(asksDigest === undefined ? (asks ?? {}) : {});
        expect(hidden).toBe(inputDigest === undefined ? undefined : hmac(`input:${ascii(inputDigest)}`));
      }),
    );
  });

  test("is one line for every reader, also where text tries to end it", () => {
    const name = "a\nb\r\u2028c\u2029d\u0085e\u001b[2Jf\u202eg\u007fh\ud800i🐳";
    const { text } = writeLine(key, place, closeEvent(sampleEvent({ operation: name })));
    expect(text).toContain(String.raw`"a\nb\r\u2028c\u2029d\u0085e\u001b[2Jf\u202eg\u007fh\ud800i\ud83d\udc33"`);
    expect(reread(sampleEvent({ operation: name }))?.operation).toBe(name);
  });
});

describe("long values", () => {
  test("are texts of more than 256 characters: a keyed hash stands for them, wherever they are", () => {
    const kept = "k".repeat(256);
    const long = "l".repeat(257);
    const hashed = `hmac-sha256:${hmac(`value:"${long}"`)};length=257`;
    expect(
      reread(
        sampleEvent({
          engine: kept,
          operation: long,
          target: { kind: "container", id: kept, name: long },
          asks: { network: long, hostPaths: [kept, long] },
        }),
      ),
    ).toMatchObject({
      engine: kept,
      operation: hashed,
      target: { kind: "container", id: kept, name: hashed },
      asks: { network: hashed, hostPaths: [kept, hashed] },
    });
  });

  test("have other hashes when they differ in anything", () => {
    const pad = "x".repeat(300);
    const texts = [`${pad}\ud800`, `${pad}\ud801`, `${pad}\ufffd`, `${pad}?`, `${pad}ÿ`, `${pad}\u01ff`];
    const hashes = texts.map((text) => reread(sampleEvent({ operation: text }))?.operation);
    expect(new Set(hashes).size).toBe(texts.length);
  });

  test("cannot be chosen so that their hash is the mac of a line", () => {
    const body = `{"seq":8${" ".repeat(300)}}`;
    expect(reread(sampleEvent({ operation: body }))?.operation).not.toContain(hmac(body));
    expect(reread(sampleEvent({ inputDigest: body }))?.inputDigest).not.toBe(hmac(body));
  });

  test("are lists of more than 65 items: their first 64 are kept, and how many more there were", () => {
    const ports = Array.from({ length: 66 }, (_, index) => String(index));
    expect(reread(sampleEvent({ asks: { ports: ports.slice(0, 65) } }))?.asks?.ports).toEqual(ports.slice(0, 65));
    const kept = reread(sampleEvent({ asks: { ports } }))?.asks?.ports;
    expect(kept).toEqual([...ports.slice(0, 64), "and 2 more"]);
  });

  test("are what a call asks for when the line would exceed 16 KiB: a keyed hash of all of it stands for it", () => {
    const asks = (length: number) => ({
      hostPaths: Array.from({ length: 64 }, () => "p".repeat(242)),
      network: "n".repeat(length),
    });
    const name = "x".repeat(65);
    const target = { kind: "container", id: "c".repeat(64), name };
    const line = (length: number) =>
      writeLine(key, place, closeEvent(sampleEvent({ target, asks: asks(length) }))).text;
    const room = maxLineBytes - 1 - line(1).length;
    expect(room).toBeGreaterThan(0);

    const full = line(1 + room);
    expect(full).toHaveLength(maxLineBytes - 1);
    expect(parseLine(full)).toMatchObject({ target, asks: asks(1 + room) });
    expect(parseLine(full)).not.toHaveProperty("asksDigest");

    const over = parseLine(line(2 + room));
    expect(over).toMatchObject({
      asksDigest: `hmac-sha256:${hmac(`value:${JSON.stringify({ network: asks(2 + room).network, hostPaths: asks(1).hostPaths })}`)}`,
      target: { ...target, name: `hmac-sha256:${hmac(`value:"${name}"`)};length=65` },
    });
    expect(over).not.toHaveProperty("asks");
  });

  test("never make a line too long, even where every text is long and foreign", () => {
    const text = "\u2028".repeat(256);
    const event = sampleEvent({
      callId: text,
      operation: text,
      engine: text,
      caller: { kind: "stdio", name: text },
      inputDigest: text,
      rule: text,
      confirms: text,
      reference: text,
      approver: text,
      code: text,
      target: { kind: text, id: text, name: text },
    });
    const { text: line } = writeLine(key, place, closeEvent(event));
    expect(line.length).toBeLessThan(maxLineBytes);
    expect(parseLine(line)?.engine).toBe(`hmac-sha256:${hmac(`value:${ascii(text)}`)};length=256`);
    expect(parseLine(line)).not.toHaveProperty("asksDigest");
  });
});

describe("an event", () => {
  test("gives the log the members it names and no others", () => {
    const event = {
      ...sampleEvent({ asks: { network: "none", extra: 1 } as object }),
      secret: "hunter2",
      seq: 99,
      mac: "forged",
      toJSON: () => "forged",
    };
    const { text } = writeLine(key, place, closeEvent(event));
    expect(text).not.toMatch(/hunter2|forged|extra/);
    expect(parseLine(text)).toMatchObject({ seq: 7, asks: { network: "none" } });
  });

  test.each([
    ["callId", 5, "its callId is not a string"],
    ["callId", 5n, "its callId is not a string"],
    ["callId", undefined, "its callId is not a string"],
    ["stage", "done", `its stage is not one of ${auditStages.join(", ")}`],
    ["operation", Symbol("x"), "its operation is not a string"],
    ["operation", new String("x"), "its operation is not a string"],
    ["effect", null, "its effect is not one of read, mutate, destroy"],
    ["engine", {}, "its engine is not a string"],
    ["caller", "me", "its caller is not an object"],
    ["caller", null, "its caller is not an object"],
    ["caller", { kind: "root", name: "x" }, `its caller.kind is not one of ${callerKinds.join(", ")}`],
    ["caller", { kind: "http" }, "its caller.name is not a string"],
    ["target", [], "its target is not an object"],
    ["target", { kind: "container", id: 1, name: "x" }, "its target.id is not a string"],
    ["inputDigest", 1, "its inputDigest is not a string"],
    ["asks", [], "its asks is not an object"],
    ["asks", { egress: "yes" }, "its asks.egress is not true or false"],
    ["asks", { ports: "80" }, "its asks.ports is not a list"],
    ["asks", { ports: ["80", 81] }, "its asks.ports[1] is not a string"],
    ["asks", { ports: Array.from({ length: 1 }) }, "its asks.ports[0] is not a string"],
    ["asks", { cpus: Number.NaN }, "its asks.cpus is not a finite number"],
    ["asks", { pids: "5" }, "its asks.pids is not a finite number"],
    ["asks", { memoryBytes: Number.POSITIVE_INFINITY }, "its asks.memoryBytes is not a finite number"],
    ["consent", "maybe", "its consent is not one of caller, person, assumed, approval, grant"],
    ["code", ["x"], "its code is not a string"],
  ])("whose %s is %o is refused", (name, value, problem) => {
    const event = { ...sampleEvent(), [name]: value };
    expect(() => closeEvent(event)).toThrow(
      expect.objectContaining({
        code: "failed_precondition",
        message: `An audit event cannot be recorded: ${problem}.`,
        hint: "Correct the program that records it.",
      }),
    );
  });

  test("that is none is refused", () => {
    for (const value of [undefined, null, "x", []]) {
      expect(() => closeEvent(value as never)).toThrow(
        refused("An audit event cannot be recorded: its value is not an object."),
      );
    }
  });

  test("that cannot be read is refused, with the reason as cause", () => {
    const cause = new Error("from a getter");
    const event = {
      ...sampleEvent(),
      get rule(): string {
        throw cause;
      },
    };
    expect(() => closeEvent(event)).toThrow(
      expect.objectContaining({
        code: "failed_precondition",
        message: "An audit event cannot be recorded: it cannot be read.",
        hint: "Correct the program that records it.",
        cause,
      }),
    );
  });

  test("is read once, and its cycles are not followed", () => {
    let reads = 0;
    const event: Record<string, unknown> = {
      ...sampleEvent(),
      get operation() {
        reads += 1;
        return `read ${reads}`;
      },
    };
    event["self"] = event;
    const closed = closeEvent(event as unknown as AuditEvent);
    expect(reads).toBe(1);
    expect(writeLine(key, place, closed).text).toContain('"operation":"read 1"');
  });

  test("that pretends to have an endless list ends", () => {
    const ports = new Proxy<string[]>([], {
      get: (list, name) => (name === "length" ? Number.POSITIVE_INFINITY : (Reflect.get(list, name) ?? "80")),
    });
    expect(closeEvent(sampleEvent({ asks: { ports } })).asks?.ports).toHaveLength(65);
  });

  test("of any other form is refused or written, and nothing in between", () => {
    const value = fc.oneof(fc.anything({ withBigInt: true, withNullPrototype: true, withDate: true }), anyText);
    const names = fc.constantFrom(...Object.keys(sampleEvent()), "effect", "target", "asks", "rule", "code");
    fc.assert(
      fc.property(names, value, (name, value) => {
        let closed: AuditEvent;
        try {
          closed = closeEvent({ ...sampleEvent(), [name]: value } as AuditEvent);
        } catch (error) {
          expect(error).toMatchObject({ name: "CosError", code: "failed_precondition" });
          return;
        }
        expect(parseLine(writeLine(key, place, closed).text)).toMatchObject({ seq: 7, caller: closed.caller });
      }),
    );
  });
});

describe("a text is no record", () => {
  const { text } = writeLine(
    key,
    { ...place, seq: 1, clockBackMs: 1, torn: { bytes: 1, sha256: "a".repeat(64) } },
    sampleEvent(),
  );

  test("unless it is exactly one, with every member in its form", () => {
    expect(parseLine(text)).toMatchObject({ seq: 1, clockBackMs: 1, torn: { bytes: 1 } });
  });

  test.each([
    ["empty", ""],
    ["not JSON", "{x}"],
    ["another object", "{}"],
    ["a list", "[]"],
    ["with white space before it", ` ${text}`],
    ["with white space after it", `${text} `],
    ["with an end of line in it", text.replace(",", ",\n")],
    ["with a character outside ASCII", text.replace("user", "us\u00ebr")],
    ["too long", text.replace("user", "u".repeat(maxLineBytes - text.length + 4))],
    ["without a number", text.replace('"seq":1,', "")],
    ["numbered 0", text.replace('"seq":1,', '"seq":0,')],
    ["numbered 1.5", text.replace('"seq":1,', '"seq":1.5,')],
    ["numbered by a text", text.replace('"seq":1,', '"seq":"1",')],
    ["of a time without a zone", text.replace(".000Z", ".000")],
    ["of no day", text.replace("2026-03", "2026-13")],
    ["of more than a time", text.replace("2026-03", "x2026-03")],
    ["of a time that is a number", text.replace('"2026-03-09T10:00:00.000Z"', "1")],
    ["without a writer", text.replace('"writer":"cli",', "")],
    ["with a step back of 0 ms", text.replace('"clockBackMs":1', '"clockBackMs":0')],
    ["with a torn line of 0 bytes", text.replace('"bytes":1', '"bytes":0')],
    ["with a short hash", text.replace("a".repeat(64), "a".repeat(63))],
    ["with a long hash", text.replace("a".repeat(64), "a".repeat(65))],
    ["with a hash in capitals", text.replace("a".repeat(64), "A".repeat(64))],
    ["with a hash that is a number", text.replace(`"${"a".repeat(64)}"`, "1")],
    ["without a predecessor", text.replace("prev", "other")],
    ["without a mac", text.replace('"mac"', '"cam"')],
  ])("when it is %s", (_, other) => {
    expect(other).not.toBe(text);
    expect(parseLine(other)).toBeUndefined();
  });

  test("up to the longest line", () => {
    const longest = text.replace("user", "u".repeat(maxLineBytes - 1 - text.length + 4));
    expect(longest).toHaveLength(maxLineBytes - 1);
    expect(parseLine(longest)?.caller.name).toMatch(/^u+$/);
  });
});

describe("a seal", () => {
  const { text, mac } = writeLine(key, place, sampleEvent());
  const other = createSecretKey(Buffer.alloc(32, 1));

  test("is recognised with any of the keys, and with no other", () => {
    expect(sealOf([key], text)).toBe(mac);
    expect(sealOf([other, key], text)).toBe(mac);
    expect(sealOf([other], text)).toBeUndefined();
    expect(sealOf([], text)).toBeUndefined();
  });

  test("is broken by any other byte in any place", () => {
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), fc.integer({ min: 1, max: 255 }), (index, change) => {
        const changed = String.fromCharCode(text.charCodeAt(index) ^ change);
        expect(sealOf([key], `${text.slice(0, index)}${changed}${text.slice(index + 1)}`)).toBeUndefined();
      }),
    );
  });

  test.each([
    ["more after it", `${text} `],
    ["a mac in capitals", text.replace(mac, mac.toUpperCase())],
    ["no mac", text.slice(0, -75)],
    ["nothing", ""],
  ])("is not there with %s", (_, other) => expect(sealOf([key], other)).toBeUndefined());
});

/** The JSON of a text in which every character outside ASCII is escaped. */
function ascii(text: string): string {
  return `"${text
    .split("")
    .map((character) => (/[ -~]/.test(character) && !/["\\]/.test(character) ? character : shortEscape(character)))
    .join("")}"`;
}

function shortEscape(character: string): string {
  const short = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f" }[
    character
  ];
  return short ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
