import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type EngineSettings, loadEngines } from "./settings.ts";

let directory: string;
let configDirectory: string;
let project: string;
let inner: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cos-config-"));
  configDirectory = join(directory, "config");
  project = join(directory, "project");
  inner = join(project, "src", "deep");
  for (const path of [configDirectory, inner]) mkdirSync(path, { recursive: true });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const load = (env: NodeJS.ProcessEnv = {}) => loadEngines({ env, configDirectory, workingDirectory: inner });
const names = (engines: readonly EngineSettings[]) => engines.map(({ name }) => name);
const write = (path: string, text: string) => writeFileSync(path, text);

test("without any file there is the engine that the docker command line would use", async () => {
  expect(await load()).toEqual([{ name: "local" }]);
});

describe("the user's own file", () => {
  test.each([
    ["json", '{"engines": {"prod": "ssh://prod", "local": {}}}'],
    ["yaml", "engines:\n  prod: ssh://prod\n  local: {}\n"],
    ["yml", "engines: {prod: ssh://prod, local: {}}"],
    ["toml", '[engines]\nprod = "ssh://prod"\nlocal = {}\n'],
  ])("names engines in .%s, the default first", async (ending, text) => {
    const file = join(configDirectory, `cos.config.${ending}`);
    write(file, text);
    expect(await load()).toMatchObject([
      { name: "prod", host: "ssh://prod", source: file },
      { name: "local", source: file },
    ]);
  });

  test("is the one that COS_CONFIG names, where it does", async () => {
    write(join(configDirectory, "cos.config.yaml"), "engines: {one: ssh://one}");
    const other = join(directory, "other.yaml");
    write(other, "engines: {two: ssh://two}");
    expect(names(await load({ COS_CONFIG: other }))).toEqual(["two"]);
    await expect(load({ COS_CONFIG: join(directory, "none.yaml") })).rejects.toMatchObject({
      code: "failed_precondition",
    });
  });

  test("may say of an engine its context, certificates and helper image", async () => {
    write(
      join(configDirectory, "cos.config.yaml"),
      "engines:\n  a: {context: far}\n  b: {host: tcp://far:2376, certPath: certs, helperImage: 'busybox:1'}\n",
    );
    expect(await load()).toMatchObject([
      { name: "a", context: "far" },
      { name: "b", host: "tcp://far:2376", certPath: join(configDirectory, "certs"), helperImage: "busybox:1" },
    ]);
  });
});

describe("a project's file", () => {
  test("is the nearest one upwards from the working directory, and adds engines", async () => {
    write(join(directory, "cos.config.yaml"), "engines: {farther: ssh://farther}");
    write(join(project, "cos.config.yaml"), "engines: {prod: ssh://prod}");
    expect(names(await load())).toEqual(["local", "prod"]);
  });

  test("changes neither the default nor what a name means already", async () => {
    write(join(configDirectory, "cos.config.yaml"), "engines: {mine: ssh://mine}");
    write(join(project, "cos.config.yaml"), "engines: {theirs: 'tcp://somewhere:2375'}");
    expect(names(await load())).toEqual(["mine", "theirs"]);
    write(join(project, "cos.config.yaml"), "engines: {mine: 'tcp://somewhere:2375'}");
    await expect(load()).rejects.toMatchObject({ code: "invalid_argument", message: expect.stringContaining("mine") });
  });

  test("cannot lead the engine of before elsewhere, and may name it as it is", async () => {
    write(join(project, "cos.config.yaml"), "engines: {local: 'tcp://somewhere:2375'}");
    await expect(load()).rejects.toMatchObject({ code: "invalid_argument", hint: expect.any(String) });
    write(join(project, "cos.config.yaml"), "engines: {local: {}, prod: ssh://prod}");
    expect(names(await load())).toEqual(["local", "prod"]);
  });
});

describe("what is wrong with a file is said with its place", () => {
  test.each([
    ["an unknown field", "yaml", "engine: {}\n", /cos\.config\.yaml:1:1: .*engine/],
    ["an unknown field of an engine", "yaml", "engines:\n  prod: {hots: x}\n", /cos\.config\.yaml:2:/],
    ["a name", "yaml", "engines: {'Prod!': ssh://x}\n", /cos\.config\.yaml:1:/],
    ["an address and a context", "yaml", "engines: {a: {host: ssh://x, context: y}}\n", /cos\.config\.yaml:1:/],
    ["no YAML", "yaml", "engines: {", /cos\.config\.yaml:1:/],
    ["no TOML", "toml", "[engines\n", /cos\.config\.toml:1:\d+: /],
    ["an unknown field in TOML", "toml", "[engine]\n", /cos\.config\.toml is not valid: .*engine/],
  ])("%s", async (_what, ending, text, message) => {
    write(join(configDirectory, `cos.config.${ending}`), text);
    await expect(load()).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(message),
    });
  });
});
