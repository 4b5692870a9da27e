import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { command } from "./testing/index.ts";
import { type Installation, makeInstallation } from "./testing/installation.ts";

let installation: Installation;

beforeAll(() => {
  installation = makeInstallation();
});
afterAll(() => installation.remove());

/** Runs the command to its end, with a client that says nothing and leaves. */
function run(...args: string[]) {
  const [program, ...own] = command;
  const { status, stdout, stderr } = spawnSync(program, [...own, ...args], {
    encoding: "utf8",
    env: installation.env,
    input: "",
  });
  return { status, stdout, stderr };
}

/** It failed as people and clients expect: words on stderr, and nothing where the protocol would be. */
const failure = (status: number, stderr: RegExp) => ({ status, stdout: "", stderr: expect.stringMatching(stderr) });

describe("cos-mcp", () => {
  test.each([["--version"], ["-V"], ["--read-only", "--version"]])(
    "%s prints the version and nothing else",
    (...args) => {
      expect(run(...args)).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: "" });
    },
  );

  test.each(["--help", "-h"])("%s says how it is used", (flag) => {
    expect(run(flag)).toEqual({ status: 0, stdout: expect.stringMatching(/^Usage: cos-mcp /), stderr: "" });
  });

  test("the help is no wider than a page, and each option begins a line", () => {
    const lines = run("--help").stdout.split("\n");
    expect(lines.filter((line) => line.length > 120)).toEqual([]);
    for (const option of ["--as NAME", "--allowed-host NAME", "--log-level LEVEL"])
      expect(lines.filter((line) => line.startsWith(`  ${option}  `))).toHaveLength(1);
  });

  test.each([["--as-root"], ["serve"], ["--as"], ["--read-only=no"]])(
    "refuses %s, which it does not understand",
    (...args) => {
      expect(run(...args)).toEqual(failure(2, /^cos-mcp: .*\nhint: See cos-mcp --help\n$/));
    },
  );

  test.each(["user", "cos"])("refuses to serve a client as %s, which agents cannot be", (name) => {
    expect(run("--as", name)).toEqual(failure(1, /^cos-mcp: The name .* is reserved.*\nhint: .*\n$/));
  });

  test("refuses a name that is none", () => {
    expect(run("--as", "a name")).toEqual(failure(1, /^cos-mcp: The caller's name is not valid: expected 1-64 /));
  });

  test("says at the start what is wrong with its rules, and where", () => {
    const file = installation.writePolicy("rules:\n  - name: no-decision\n    effect: read\n");
    expect(run("--policy", file)).toEqual(failure(1, /^cos-mcp: .*rules\.yaml.*:2:/));
    expect(run("--policy", `${file}.not-there`)).toEqual(
      failure(1, /^cos-mcp: The policy .* cannot be read\.\nhint: /),
    );
  });

  test("refuses to offer tools that there are not", () => {
    expect(run("--tools", "container_rnu")).toEqual(
      failure(1, /^cos-mcp: There is no tool "container_rnu"\.\nhint: Did you mean container_run\?\n$/),
    );
  });

  test("refuses a root that is no directory, which would allow nothing", () => {
    expect(run("--root", "/no/such", "--root", "/tmp")).toEqual(
      failure(1, /^cos-mcp: --root: \/no\/such is no directory\.\nhint: .*\n$/),
    );
  });

  test.each([["--tls-cert=cert.pem"], ["--insecure-no-auth"], ["--allowed-host=cos.example"]])(
    "refuses %s, which means nothing on standard input",
    (flag) => {
      expect(run(flag)).toEqual(failure(2, /^cos-mcp: --.* is for HTTP: it goes with --port or --host\.\nhint: /));
    },
  );

  test("ends without a word when its client leaves without one", () => {
    expect(run("--as", "me", "--read-only", "--root", "/tmp")).toEqual({ status: 0, stdout: "", stderr: "" });
  });
});

describe("cos-mcp over HTTP", () => {
  test.each(["65536", "-1", "http", ""])("refuses %j, which is no port", (port) => {
    expect(run(`--port=${port}`)).toEqual(failure(2, /^cos-mcp: --port takes .*\nhint: See cos-mcp --help\n$/));
  });

  test.each([
    [["--oauth-audience", "https://cos.example.com/mcp"], /--oauth-audience needs --oauth-issuer/],
    [["--oauth-issuer", "https://id.example.com"], /--oauth-issuer needs --oauth-audience/],
    [
      ["--oauth-issuer", "https://id.example.com", "--oauth-audience", "https://c.example.com", "--insecure-no-auth"],
      /contradict each other/,
    ],
  ])("refuses %j, which makes no sense", (args, message) => {
    expect(run("--port", "0", ...args)).toEqual(failure(2, message));
  });

  test("believes no dialogs of everybody: that goes with a token", () => {
    expect(run("--port", "0", "--trust-dialogs")).toEqual(failure(2, /cos token create NAME --trust-dialogs\n/));
  });

  test("does not let in everybody where other machines reach it", () => {
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "example.org"])
      expect(run("--host", host, "--insecure-no-auth")).toEqual(
        failure(1, /^cos-mcp: Without tokens, .*\nhint: .*\n$/),
      );
  });
});
