import { CosError } from "@cos/core";
import { describe, expect, test } from "vitest";
import { readInstructions, readStages, toLabelInstruction } from "./dockerfile.ts";

describe("the instructions of a Dockerfile", () => {
  test("are read over continuation lines, comments and blank lines", () => {
    const text = '# syntax=x\nfrom busybox\n\nRUN a && \\\n  # why\n  b\n  CMD ["c"]\n';
    expect(readInstructions(text)).toEqual([
      { name: "FROM", rest: "busybox", line: 1 },
      { name: "RUN", rest: "a &&   b", line: 3 },
      { name: "CMD", rest: '["c"]', line: 6 },
    ]);
  });

  test("may continue lines with a backtick where a directive says so", () => {
    expect(readInstructions("# escape=`\nRUN a `\nb\\\n")).toEqual([{ name: "RUN", rest: "a b\\", line: 1 }]);
  });
});

describe("the bases of a Dockerfile", () => {
  test("are the images of its stages, each once, without stages and scratch", () => {
    const text =
      "FROM golang:1 AS Build\nFROM build AS test\nFROM scratch\nFROM --platform=linux/amd64 golang:1\nFROM alpine@sha256:00\n";
    expect(readStages(text)).toMatchObject({ bases: ["golang:1", "alpine@sha256:00"], unknown: [] });
  });

  test("are also the images that files are copied from", () => {
    const text =
      "FROM a AS one\nFROM b\nCOPY --from=one x y\nCOPY --from=0 x y\nCOPY --chown=1 --from=r.io/tools:1 x y\nCOPY x y\n";
    expect(readStages(text).bases).toEqual(["a", "b", "r.io/tools:1"]);
  });

  test("take variables from defaults and arguments", () => {
    const text = 'ARG TAG="3.12"\nARG REPO=python\nFROM ${REPO}:$TAG\nARG TAG=ignored\nFROM node:${NODE:-22}\n';
    expect(readStages(text)).toMatchObject({ bases: ["python:3.12", "node:22"], unknown: [] });
    expect(readStages(text, { TAG: "3.13", NODE: "undeclared" }).bases).toEqual(["python:3.13", "node:22"]);
  });

  test("are unknown where a variable has no value", () => {
    expect(readStages("ARG BASE\nFROM $BASE\n")).toMatchObject({ bases: [], unknown: ["$BASE"] });
  });

  test("end with the stage that is asked for", () => {
    const text = "FROM a AS one\nFROM b AS two\nFROM c\n";
    expect(readStages(text, {}, "two").bases).toEqual(["a", "b"]);
    expect(readStages(text, {}, "0").bases).toEqual(["a"]);
    expect(readStages(text, {}, "ONE").text).toBe("FROM a AS one\n");
    expect(readStages(text, {}, "two").text).toBe("FROM a AS one\nFROM b AS two\n");
    expect(readStages(text, {}, "unknown").text).toBe(text);
  });
});

describe("labels in a Dockerfile", () => {
  test("are one instruction", () => {
    expect(toLabelInstruction({ "cos.id": "1", "cos.purpose": "", "cos.image": "r.io:5000/a@sha256:0" }, "")).toBe(
      'LABEL cos.id="1" cos.purpose="" cos.image="r.io:5000/a@sha256:0"\n',
    );
  });

  test("are taken literally, whatever they hold and however the Dockerfile escapes", () => {
    const value = '$HOME "a" \\ ` é';
    expect(toLabelInstruction({ "user.a": value }, "FROM x\n")).toBe('LABEL user.a="\\$HOME \\"a\\" \\\\ ` é"\n');
    expect(toLabelInstruction({ "user.a": value }, "# escape=`\nFROM x\n")).toBe(
      'LABEL user.a="`$HOME `"a`" \\ `` é"\n',
    );
  });

  test("hold no second line", () => {
    expect(() => toLabelInstruction({ "cos.name": "a\nUSER root" }, "")).toThrow(CosError);
    expect(() => toLabelInstruction({ 'a"=': "x" }, "")).toThrow(CosError);
  });
});
