import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { createSigner } from "@cos/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openKeys } from "./keys.ts";

describe("the key of an installation", () => {
  let parent: string;
  let file: string;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "cos-key-"));
    file = join(parent, "config", "cos", "key.json");
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  const write = (text: string, mode = 0o600) => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
  };
  const key = "ab".repeat(32);

  test("is made when there is none, for the user alone, and is random", () => {
    const { instance } = openKeys(file).signer;
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({
      key: expect.stringMatching(/^[0-9a-f]{64}$/),
      retired: [],
    });
    expect(readdirSync(dirname(file))).toEqual(["key.json"]);
    expect(openKeys(join(parent, "other.json")).signer.instance).not.toBe(instance);
  });

  test("is made once and then used", () => {
    const { instance } = openKeys(file).signer;
    const made = readFileSync(file, "utf8");
    expect(openKeys(file).signer.instance).toBe(instance);
    expect(readFileSync(file, "utf8")).toBe(made);
  });

  test("is the same for processes that all start without one", async () => {
    const module = pathToFileURL(join(import.meta.dirname, "keys.ts")).href;
    const script = `
      const { openKeys } = await import(${JSON.stringify(module)});
      const go = Number(process.argv[2]);
      while (Date.now() < go);
      process.stdout.write(openKeys(process.argv[1]).signer.instance);
    `;
    const go = String(Date.now() + 1_500);
    const start = () =>
      promisify(execFile)(process.execPath, [
        "--conditions=@cos/source",
        "--input-type=module",
        "-e",
        script,
        file,
        go,
      ]);
    const instances = await Promise.all(Array.from({ length: 4 }, async () => (await start()).stdout));
    expect(new Set(instances)).toEqual(new Set([openKeys(file).signer.instance]));
    expect(readdirSync(dirname(file))).toEqual(["key.json"]);
  });

  test("still recognises what a retired key has signed", () => {
    const old = Buffer.from("cd".repeat(32), "hex");
    write(JSON.stringify({ key, retired: [old.toString("hex")] }));
    const labels = { "cos.instance": createSigner(old).instance, "cos.name": "x" };
    const signed = { ...labels, "cos.sig": createSigner(old).sign("container", labels) };
    expect(openKeys(file).signer.verify("container", signed)).toBe(true);
    expect(openKeys(file).signer.instance).toBe(createSigner(Buffer.from(key, "hex")).instance);
  });

  test.each([0o640, 0o604, 0o660, 0o777])("is refused when others may use it (mode %o)", (mode) => {
    write(JSON.stringify({ key }), mode);
    expect(() => openKeys(file)).toThrow(
      expect.objectContaining({ code: "failed_precondition", hint: `chmod 600 ${file}` }),
    );
  });

  test.each([
    "",
    "{",
    "null",
    "[]",
    "{}",
    JSON.stringify({ key: "short" }),
    JSON.stringify({ key: key.toUpperCase() }),
    JSON.stringify({ key, more: 1 }),
  ])("is refused when the file is damaged, and left as it is: %j", (text) => {
    write(text);
    expect(() => openKeys(file)).toThrow(
      expect.objectContaining({ code: "failed_precondition", message: `The key file ${file} is damaged.` }),
    );
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  test("is never in the message", () => {
    write(JSON.stringify({ key: `${key}ff` }));
    let thrown: unknown;
    try {
      openKeys(file);
    } catch (error) {
      thrown = error;
    }
    expect(JSON.stringify(thrown)).not.toContain(key);
  });

  test("is failed_precondition when it can be neither read nor made", () => {
    writeFileSync(join(parent, "config"), "a file where a directory should be");
    expect(() => openKeys(file)).toThrow(expect.objectContaining({ code: "failed_precondition" }));
    const directory = join(parent, "directory.json");
    mkdirSync(directory, { mode: 0o700 });
    expect(() => openKeys(directory)).toThrow(expect.objectContaining({ code: "failed_precondition" }));
  });
});
