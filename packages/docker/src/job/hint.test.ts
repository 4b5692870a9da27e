import { defineWorkload, type WorkloadInput } from "@cos/core";
import { describe, expect, test } from "vitest";
import { exitCodeOfFailedStart, toHint } from "./hint.ts";

const failed = { exitCode: 1, timedOut: false, oomKilled: false, stderr: "" };
const hint = (spec: Partial<WorkloadInput>, ending: Partial<typeof failed>) =>
  toHint(defineWorkload({ env: { image: "busybox" }, ...spec }), { ...failed, ...ending });

describe("the hint of a job", () => {
  test.each([
    "wget: bad address 'example.org'",
    "ping: Name or service not known",
    "getaddrinfo EAI_AGAIN registry.example",
    "connect: Network is unreachable",
    "NewConnectionError: Failed to establish a new connection: [Errno -3]",
  ])("names the network when it had none and says %j", (stderr) => {
    expect(hint({}, { stderr })).toMatch(/network bridge/);
    expect(hint({ network: "bridge" }, { stderr })).toBeUndefined();
  });

  test.each([
    "chown: /x: Operation not permitted",
    "PermissionError: [Errno 13] Permission denied: '/x'",
    "Error: EACCES: open '/x'",
  ])("names the profile when it says %j", (stderr) => {
    expect(hint({}, { stderr })).toMatch(/Profile sandbox drops all capabilities; profile service/);
    expect(hint({ profile: "strict" }, { stderr })).toMatch(/Profile strict/);
    expect(hint({ profile: "service" }, { stderr })).toMatch(/Profile service keeps few/);
  });

  test("names the timeout and the memory, before what the job itself said", () => {
    const stderr = "bad address; Operation not permitted";
    expect(hint({ timeoutSeconds: 7 }, { timedOut: true, oomKilled: true, stderr })).toMatch(/after 7 s/);
    expect(hint({}, { oomKilled: true, stderr })).toMatch(/ran out of memory/);
  });

  test("is left out when the job succeeded, or failed by itself", () => {
    expect(hint({}, { exitCode: 0, stderr: "Operation not permitted" })).toBeUndefined();
    expect(hint({}, { stderr: "assertion failed" })).toBeUndefined();
  });
});

test.each([
  ['exec: "nope": executable file not found in $PATH: unknown', 127],
  ["exec: /nope: no such file or directory: unknown", 127],
  ["exec: /etc/passwd: permission denied: unknown", 126],
  ["exec: /etc: is a directory: unknown", 126],
  ["exec format error", 126],
  ["driver failed programming external connectivity: port is already allocated", undefined],
])("a start that fails with %j has exit code %s", (message, exitCode) => {
  expect(exitCodeOfFailedStart(message)).toBe(exitCode);
});
