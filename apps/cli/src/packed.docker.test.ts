import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { connectStdio } from "@cos/mcp-server/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const run = promisify(execFile);
const repository = fileURLToPath(new URL("../../..", import.meta.url));

/** The machine's own Node, not the one that the repository pins: what people have who install the packages. */
const path = (process.env["PATH"] ?? "").split(delimiter).filter((entry) => !entry.includes("node_modules"));
const node = path.map((entry) => join(entry, "node")).find(existsSync) ?? process.execPath;

let directory: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "cos-packed-"));
  env = { ...process.env, PATH: path.join(delimiter), XDG_CONFIG_HOME: directory, XDG_STATE_HOME: directory };
  const inRepository = { cwd: repository, env: process.env };
  await run("pnpm", ["build"], inRepository);
  await run("pnpm", ["-r", "pack", "--pack-destination", directory], inRepository);
  const tarballs = readdirSync(directory).filter((file) => /^cos-(?!bench|examples).*\.tgz$/.test(file));
  writeFileSync(join(directory, "package.json"), JSON.stringify({ name: "somebody", private: true, type: "module" }));
  await run("npm", ["install", "--no-audit", "--no-fund", ...tarballs.map((file) => `./${file}`)], {
    cwd: directory,
    env,
  });
}, 180_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("the packed packages, installed with npm in an empty folder", () => {
  test("run a job by npx, say their version, and tell clients of the server", async () => {
    const npx = (...args: string[]) => run("npx", args, { cwd: directory, env });
    expect((await npx("cos", "run", "busybox", "--cmd", "echo from $((6 * 7))")).stdout).toBe("from 42\n");
    expect((await npx("cos", "--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await npx("cos-mcp", "--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    for (const client of ["vscode", "codex"]) {
      const { stdout } = await npx("cos", "mcp", "add", client, "--scope", "project", "--dry-run", "--json");
      expect(JSON.parse(stdout)).toMatchObject({ client, change: "added", entry: { command: "npx" } });
    }
  });

  test("read rules from YAML, and serve an agent under them", async () => {
    const rules = join(repository, "examples", "policy.yaml");
    const tests = join(repository, "examples", "policy-tests.yaml");
    const tested = await run("npx", ["cos", "policy", "test", "--policy", rules, tests], { cwd: directory, env });
    expect(tested.stdout).toMatch(/\n4 passed, 0 failed\n$/);
    await using agent = await connectStdio({
      command: [node, join(directory, "node_modules", "@cos", "mcp-server", "dist", "main.js")],
      env,
      args: ["--as", "packed", "--policy", rules],
    });
    const { envelope } = await agent.call("container_run", { image: "busybox", command: "echo served" });
    expect(envelope).toMatchObject({ status: "done", result: { exitCode: 0, stdout: "served\n" } });
  });

  test("build an image by the command line, though its bundle leaves the Docker library outside", async () => {
    const args = ["run", "--base", "busybox", "--provision", "echo made > /made", "--json", "--cmd", "cat /made"];
    const { stdout } = await run("npx", ["cos", ...args], { cwd: directory, env });
    const { imageId, stdout: made } = JSON.parse(stdout) as { imageId: string; stdout: string };
    expect(made).toBe("made\n");
    const remove = `import { connectDocker } from "@cos/docker"; const engine = await connectDocker();
      await engine.images.remove(process.argv[1]); await engine.close();`;
    await run(node, ["--input-type=module", "-e", remove, imageId], { cwd: directory, env });
  });

  test("are a library that plain Node runs", async () => {
    const program = `
      import { defineWorkload } from "@cos/core";
      import { connectDocker } from "@cos/docker";
      import { openControlPlane } from "@cos/control-plane";
      const engine = await connectDocker();
      const spec = defineWorkload({ env: { image: "busybox" }, command: "echo library; exit 3" });
      const { exitCode, stdout } = await engine.jobs.run({ spec, owner: "me" });
      await engine.close();
      const controlPlane = openControlPlane({ writer: "packed" });
      const caller = { kind: "script", name: "me", hostRoots: [] };
      const outcome = await controlPlane.perform({ operation: "ping", input: {}, caller });
      await controlPlane.close();
      console.log(JSON.stringify([exitCode, stdout, outcome.status]));`;
    const { stdout } = await run(node, ["--input-type=module", "-e", program], { cwd: directory, env });
    expect(JSON.parse(stdout)).toEqual([3, "library\n", "done"]);
  });
});

describe("the image of the packed server", () => {
  const mark = `cli-image-${randomBytes(4).toString("hex")}`;
  const docker = (...args: string[]) => run("docker", args, { env: { ...process.env, DOCKER_BUILDKIT: "0" } });
  const server = join(repository, "apps", "mcp-server");
  /** What its page says to run, with names of our own. */
  let command: string;
  let stages: readonly string[] = [];

  beforeAll(async () => {
    const page = readFileSync(join(server, "README.md"), "utf8");
    const said = /^docker run -i --rm [^`]*?(?= --as my-agent$)/m.exec(page)?.[0] ?? "";
    command = said.replace("-v cos:", `-v ${mark}:`).replace(/ cos-mcp$/, ` ${mark}`);
    const context = join(directory, "image");
    mkdirSync(context);
    const tarball = readdirSync(directory).find((file) => file.startsWith("cos-mcp-server-")) ?? "";
    copyFileSync(join(directory, tarball), join(context, tarball));
    const base = ["--build-arg", "BASE=cos-test/node:24"];
    const build = ["build", "--force-rm", ...base, "-t", mark, "-f", join(server, "Dockerfile"), context];
    stages = [...(await docker(...build)).stdout.matchAll(/^ ---> ([0-9a-f]{12})$/gm)].map(([, id = ""]) => id);
  }, 180_000);
  afterAll(async () => {
    const left = (await docker("ps", "-aq", "--filter", `label=user.test=${mark}`)).stdout.split("\n").filter(Boolean);
    if (left.length > 0) await docker("rm", "--force", ...left);
    await docker("volume", "rm", "--force", mark);
    await docker("image", "rm", mark);
    const { stdout: base } = await docker("image", "inspect", "--format", "{{.Id}}", "cos-test/node:24");
    // The classic builder leaves the stage that is not the last one.
    for (const stage of stages.filter((id) => !base.includes(id))) await docker("image", "rm", stage).catch(() => {});
  });

  const start = () => connectStdio({ command: ["sh", "-c", `exec ${command} "$@"`, "sh"], env, args: ["--as", mark] });

  test("runs jobs as its page says: without privileges, with nothing but the socket", async () => {
    await using agent = await start();
    const job = { image: "busybox", pull: "never", command: "echo from $((6 * 7))" };
    expect((await agent.call("container_run", job)).envelope).toMatchObject({
      status: "done",
      result: { exitCode: 0, stdout: "from 42\n" },
    });
    expect(agent.stderr()).toBe("");
    const { stdout } = await docker("ps", "--filter", `ancestor=${mark}`, "--format", "{{.ID}}");
    const [id = ""] = stdout.split("\n");
    expect((await docker("exec", id, "id", "-u")).stdout).toBe("1000\n");
  });

  test("knows again what an earlier container of it has made", async () => {
    const name = mark;
    {
      await using agent = await start();
      const labels = { "user.test": mark };
      const job = { image: "busybox", pull: "never", command: "true", name, labels, detach: true };
      expect((await agent.call("container_run", job)).envelope).toMatchObject({ status: "done" });
    }
    await using agent = await start();
    const removal = await agent.call("container_rm", { container: name, force: true });
    expect(removal.envelope).toMatchObject({ status: "done" });
  });

  test("names the server as the registry of MCP servers wants it", async () => {
    const { stdout } = await docker("image", "inspect", "--format", "{{json .Config}}", mark);
    const { mcpName } = JSON.parse(readFileSync(join(server, "package.json"), "utf8")) as { mcpName: string };
    expect(JSON.parse(stdout)).toMatchObject({
      User: "1000:1000",
      Labels: { "io.modelcontextprotocol.server.name": mcpName },
    });
  });
});
