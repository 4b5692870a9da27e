import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { CosError } from "@cos/core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ensureApproverKey, isSignedBy, readApprovers, signWith } from "./keys.ts";

let parent: string;
let keyFile: string;
let approversFile: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "cos-keys-"));
  keyFile = join(parent, "person", "approver.json");
  approversFile = join(parent, "servers", "approvers.json");
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const ensure = (name = "ann") => ensureApproverKey({ keyFile, approversFile, name });

describe("an approver's key", () => {
  test("is made on first use, for its person alone, and trusted from then on", () => {
    const { name, publicKey } = ensure();
    expect(name).toBe("ann");
    expect(readApprovers(approversFile)).toEqual([{ name, publicKey }]);
    for (const file of [keyFile, approversFile]) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(keyFile, "utf8"))).toEqual({
      name: "ann",
      privateKey: expect.stringMatching(/^[A-Za-z0-9+/]{64}$/),
    });
    expect(readFileSync(approversFile, "utf8")).not.toContain("privateKey");
    expect([readdirSync(join(parent, "person")), readdirSync(join(parent, "servers"))]).toEqual([
      ["approver.json"],
      ["approvers.json"],
    ]);
  });

  test("is made once: the next use finds it, under its name", () => {
    const { publicKey } = ensure();
    expect(ensure("bob")).toMatchObject({ name: "ann", publicKey });
    expect(readApprovers(approversFile).length).toBe(1);
  });

  test("joins those that are trusted already", () => {
    const { publicKey } = ensure();
    rmSync(keyFile);
    expect(ensure("bob").publicKey).not.toBe(publicKey);
    expect(readApprovers(approversFile).map(({ name }) => name)).toEqual(["ann", "bob"]);
  });

  test("is not trusted again once it was taken off the list", () => {
    ensure();
    writeFileSync(approversFile, '{"approvers":[]}');
    ensure();
    expect(readApprovers(approversFile)).toEqual([]);
  });

  test("starts the list anew when there is none", () => {
    const { publicKey } = ensure();
    rmSync(approversFile);
    ensure();
    expect(readApprovers(approversFile)).toEqual([{ name: "ann", publicKey }]);
  });

  test("that cannot be put on the list is still made, and the hint says what to add", () => {
    mkdirSync(join(parent, "servers"));
    mkdirSync(approversFile, { mode: 0o700 });
    let failure: unknown;
    try {
      ensure();
    } catch (error) {
      failure = error;
    }
    expect(failure).toMatchObject({ code: "failed_precondition", message: expect.stringContaining(approversFile) });
    const { privateKey } = JSON.parse(readFileSync(keyFile, "utf8")) as { privateKey: string };
    expect((failure as CosError).hint).toContain('"publicKey":"MCowBQYDK2VwAyEA');
    expect(JSON.stringify(failure)).not.toContain(privateKey.slice(22));
  });

  test.each(["", "a b", "x\ny", "-ann", "a".repeat(65)])("is made for a name, not for %j", (name) => {
    expect(() => ensure(name)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    expect(existsSync(keyFile)).toBe(false);
  });

  test("is one key, and all are trusted that processes make at once", async () => {
    const module = pathToFileURL(join(import.meta.dirname, "keys.ts")).href;
    const script = `
      const { ensureApproverKey } = await import(${JSON.stringify(module)});
      const [keyFile, approversFile, name] = process.argv.slice(1);
      process.stdout.write(ensureApproverKey({ keyFile, approversFile, name }).publicKey);
    `;
    const start = async (file: string) => {
      const flags = ["--conditions=@cos/source", "--input-type=module", "-e", script];
      return (await promisify(execFile)(process.execPath, [...flags, file, approversFile, "ann"])).stdout;
    };
    const others = [join(parent, "b.json"), join(parent, "c.json")];
    const made = await Promise.all([keyFile, keyFile, ...others].map(start));
    expect(made[0]).toBe(made[1]);
    const trusted = readApprovers(approversFile).map(({ publicKey }) => publicKey);
    expect(new Set(trusted)).toEqual(new Set(made));
  });

  test.each([
    ["empty", ""],
    ["no JSON", "{"],
    ["another shape", '{"name":"ann"}'],
    ["no key", JSON.stringify({ name: "ann", privateKey: "A".repeat(64) })],
    [
      "a key of another kind",
      JSON.stringify({
        name: "ann",
        privateKey: generateKeyPairSync("x25519")
          .privateKey.export({ type: "pkcs8", format: "der" })
          .toString("base64"),
      }),
    ],
  ])("is refused when its file is damaged (%s), and left as it is", (_name, text) => {
    mkdirSync(join(parent, "person"));
    writeFileSync(keyFile, text, { mode: 0o600 });
    expect(ensure).toThrow(
      expect.objectContaining({
        code: "failed_precondition",
        message: `The approver's key ${keyFile} is damaged.`,
      }),
    );
    expect(readFileSync(keyFile, "utf8")).toBe(text);
    expect(existsSync(approversFile)).toBe(false);
  });

  test("is refused when others can read it", () => {
    ensure();
    chmodSync(keyFile, 0o640);
    expect(ensure).toThrow(expect.objectContaining({ code: "failed_precondition" }));
  });
});

describe("the list of approvers", () => {
  const write = (text: string, mode = 0o600) => {
    mkdirSync(join(parent, "servers"), { recursive: true });
    writeFileSync(approversFile, text);
    chmodSync(approversFile, mode);
  };
  const publicKey = `MCowBQYDK2VwAyEA${"A".repeat(43)}=`;

  test("is empty when there is none", () => {
    expect(readApprovers(approversFile)).toEqual([]);
  });

  test("may be read by others, and written by nobody else", () => {
    write('{"approvers":[]}', 0o644);
    expect(readApprovers(approversFile)).toEqual([]);
    for (const mode of [0o660, 0o606, 0o777]) {
      chmodSync(approversFile, mode);
      expect(() => readApprovers(approversFile)).toThrow(expect.objectContaining({ code: "failed_precondition" }));
    }
  });

  test.each([
    "",
    "[]",
    '{"approvers":{}}',
    '{"approvers":[{"name":"ann","publicKey":"secret"}]}',
    `{"approvers":[{"name":"a b","publicKey":"${publicKey}"}]}`,
    `{"approvers":[{"name":"ann","publicKey":"${publicKey}","more":1}]}`,
  ])("is refused when it is damaged: %j", (text) => {
    write(text);
    expect(() => readApprovers(approversFile)).toThrow(
      expect.objectContaining({ code: "failed_precondition", hint: expect.stringContaining("approvers") }),
    );
  });

  test("is not added to when it is damaged", () => {
    write("{");
    expect(ensure).toThrow(expect.objectContaining({ code: "failed_precondition" }));
    expect(readFileSync(approversFile, "utf8")).toBe("{");
  });
});

describe("a signature", () => {
  test("is good for exactly the bytes that were signed, and for no other key", () => {
    const one = ensure();
    rmSync(keyFile);
    const other = ensure();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, at, flip) => {
        const signature = signWith(one, bytes);
        const changed = bytes.map((byte, index) => (index === at % bytes.length ? byte ^ flip : byte));
        expect(isSignedBy(one.publicKey, bytes, signature)).toBe(true);
        expect(isSignedBy(one.publicKey, changed, signature)).toBe(false);
        expect(isSignedBy(other.publicKey, bytes, signature)).toBe(false);
      }),
    );
  });

  test("is not good when it, or the key, is anything else", () => {
    const { publicKey } = ensure();
    fc.assert(
      fc.property(fc.string(), fc.string(), (key, signature) => {
        expect(isSignedBy(publicKey, Buffer.from("x"), signature)).toBe(false);
        expect(isSignedBy(key, Buffer.from("x"), signature)).toBe(false);
      }),
    );
  });
});
