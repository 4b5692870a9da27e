import { CosError } from "@cos/core";
import { describe, expect, test } from "vitest";
import { BuildOutput } from "./build-output.ts";

function failureOf(run: () => unknown): CosError {
  try {
    run();
  } catch (error) {
    if (CosError.is(error)) return error;
  }
  throw new Error("expected a CosError");
}

describe("the answer of a build", () => {
  test("becomes progress, line by line, with the step it is at", () => {
    const output = new BuildOutput();
    const events = [
      "Step 1/2 : FROM busybox",
      "\n",
      " ---> 39a7ae43d463\n",
      "Step 2/2 : RUN make\n",
      "\u001b[32mcomp",
      "iling\u001b[0m\n10%\r50%\r\n",
    ].flatMap((stream) => output.take({ stream }));
    expect(events).toEqual([
      { phase: "build", message: "Step 1/2 : FROM busybox", done: 0, total: 2 },
      { phase: "build", message: "---> 39a7ae43d463", done: 0, total: 2 },
      { phase: "build", message: "Step 2/2 : RUN make", done: 1, total: 2 },
      { phase: "build", message: "compiling", done: 1, total: 2 },
      { phase: "build", message: "50%", done: 1, total: 2 },
    ]);
  });

  test("names the image", () => {
    const output = new BuildOutput();
    output.take({ aux: { ID: "sha256:1" } });
    expect(output.imageId).toBe("sha256:1");
  });

  test("tells which step failed, how, and what it said last", () => {
    const output = new BuildOutput();
    for (const stream of [
      "Step 2/3 : RUN make\n",
      " ---> Running in 0b2c4cc2bb10\n",
      "cc main.c\n",
      "main.c:1: error\n",
      "Removing intermediate container 0b2c4cc2bb10\n",
    ])
      output.take({ stream });
    const failure = failureOf(() =>
      output.take({ error: "The command '/bin/sh -c make' returned a non-zero code: 2", errorDetail: { code: 2 } }),
    );
    expect(failure.toJSON()).toEqual({
      code: "failed_precondition",
      message: "The build failed at step 2 of 3 (RUN make) with exit code 2.",
      hint: "Correct this step; its last output was: main.c:1: error",
      details: { step: 2, steps: 3, instruction: "RUN make", exitCode: 2, output: ["cc main.c", "main.c:1: error"] },
    });
  });

  test("keeps only the end of long output", () => {
    const output = new BuildOutput();
    output.take({ stream: "Step 1/1 : RUN x\n" });
    for (let line = 0; line < 1000; line++) output.take({ stream: `${line} ${"x".repeat(5000)}\n` });
    const { details } = failureOf(() => output.take({ error: "failed", errorDetail: { code: 1 } }));
    const lines = details?.["output"] as string[];
    expect(lines).toHaveLength(20);
    expect(lines.at(-1)).toMatch(/^999 x{490,}$/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(500);
  });

  test("tells a base image that cannot be pulled from a step that fails", () => {
    const output = new BuildOutput();
    output.take({ stream: "Step 1/1 : FROM r.io/x\n" });
    expect(failureOf(() => output.take({ error: "dial tcp: lookup r.io: no such host" })).code).toBe("unavailable");
  });
});
