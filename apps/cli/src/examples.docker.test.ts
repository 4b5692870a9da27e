import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { command as serverCommand } from "@cos/mcp-server/testing";
import { type Installation, makeInstallation } from "./testing/cos.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..", "..", "..");
const directory = join(root, "examples");
/** The client of the examples that talk to the MCP server. */
const inspector = join(root, "apps", "mcp-server", "node_modules", ".bin", "mcp-inspector");
/** The one that needs another machine is run by remote-engine.root.test.ts. */
const examples = readdirSync(directory).filter((name) => name !== "remote-engine-over-ssh.sh");

/** What the examples print that nothing else does, so that one which fails quietly is seen. */
const printed: Readonly<Record<string, string>> = {
  "build-once-run-many.sh": "one two three: 3",
  "cli-jobs.sh": "words: 3",
  "library-job.ts": "hello",
  "library-service.ts": "recreated",
  "library-streaming.ts": "line 3",
  "mcp-compose.sh": "cos-greetings-web",
  "mcp-serve.sh": "let in no more",
  "two-containers.sh": "answer: hello from the service",
};

describe("the examples run as they stand", () => {
  let installation: Installation;
  beforeEach(() => void (installation = makeInstallation()));
  afterEach(async () => {
    const images = await installation.cos(["image", "ls", "--managed", "--quiet"]);
    for (const id of images.stdout.trim().split("\n")) if (id !== "") await installation.cos(["image", "rm", id]);
    installation.remove();
  });

  test.each(examples.filter((name) => name.endsWith(".sh")))("%s", async (name) => {
    const env = {
      ...installation.env,
      COS: installation.command.join(" "),
      COS_MCP: serverCommand.join(" "),
      INSPECTOR: inspector,
    };
    const { stdout } = await run("sh", [join(directory, name)], { cwd: installation.workDirectory, env });
    expect(stdout).toContain(expectedOf(name));
    const left = await installation.cos(["ps", "--all", "--managed", "--quiet"]);
    expect(left.stdout, "containers that it leaves behind").toBe("");
    const networks = await installation.cos(["network", "ls", "--managed", "--quiet"]);
    expect(networks.stdout, "networks that it leaves behind").toBe("");
  });

  test.each(examples.filter((name) => name.endsWith(".ts")))("%s", async (name) => {
    const { stdout } = await run(process.execPath, ["--conditions=@cos/source", join(directory, name)]);
    expect(stdout).toContain(expectedOf(name));
  });
});

function expectedOf(name: string): string {
  const text = printed[name];
  if (text === undefined) throw new Error(`say above what ${name} prints`);
  return text;
}
