import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

import { sendRequest, whySilent } from "../engine/client.ts";
import { folderOf, socketOf, type TestEngine } from "./engines.ts";

const docker = async (...args: string[]) => (await promisify(execFile)("docker", args)).stdout;

/** All that root may do on this machine, and the machine's temporary files, which tests mount. */
const runOptions = [
  "--detach --init --network none --cap-add ALL --cap-drop SYS_RESOURCE",
  "--security-opt seccomp=unconfined --security-opt systempaths=unconfined --security-opt apparmor=unconfined",
]
  .flatMap((options) => options.split(" "))
  .concat("--device-cgroup-rule", "a *:* rwm", "--volume", `${tmpdir()}:${tmpdir()}`);
const testImage = "busybox:latest";

/**
 * Makes sure that an engine runs and has the image of the tests.
 * @returns whether it was started, false when it ran already
 * @throws Error with the last words of one that does not come up
 */
export async function startEngine(engine: TestEngine): Promise<boolean> {
  const endpoint = { url: `unix://${socketOf(engine)}`, origin: engine.name, chosen: true };
  if ((await whySilent(endpoint)) === undefined && (await hasTestImage())) return false;
  await stopEngine(engine);
  const folder = folderOf(engine);
  await mkdir(folder, { recursive: true });
  const script = ["prepare.sh", engine.script].map((name) => readFileSync(join(import.meta.dirname, name), "utf8"));
  const command = ["sh", "-c", script.join("\n"), "sh", socketOf(engine)];
  const name = containerOf(engine);
  try {
    await docker("run", "--name", name, ...runOptions, "--volume", `${folder}:${folder}`, engine.image, ...command);
    for (const giveUpAt = performance.now() + 40_000; (await whySilent(endpoint)) !== undefined; await delay(50)) {
      const running = await docker("container", "inspect", "--format", "{{.State.Running}}", name);
      if (running.trim() !== "true" || performance.now() > giveUpAt) throw new Error(await lastWords(name));
    }
    await loadTestImage(endpoint.url);
  } catch (error) {
    await stopEngine(engine);
    throw error;
  }
  return true;

  async function hasTestImage(): Promise<boolean> {
    const response = await sendRequest(endpoint, "GET", `/images/${testImage}/json`);
    response.resume();
    return response.statusCode === 200;
  }
}

/** Stops an engine and removes everything of it, also what it has stored. Does nothing when there is none. */
export async function stopEngine(engine: TestEngine): Promise<void> {
  await docker("rm", "--force", "--volumes", containerOf(engine));
  await rm(folderOf(engine), { recursive: true, force: true });
}

/** Each copy of this repository has its own engines. */
function containerOf(engine: TestEngine): string {
  const copy = createHash("sha256").update(folderOf(engine)).digest("hex").slice(0, 8);
  return `cos-test-${engine.name}-${copy}`;
}

async function loadTestImage(url: string): Promise<void> {
  // Podman puts what is loaded under localhost/, and looks for what registries have under docker.io/.
  const load = `set -e
    docker save "$1" | docker --host "$2" load --quiet
    docker --host "$2" tag "$1" "docker.io/library/$1"
    docker --host "$2" rmi "localhost/$1" 2>/dev/null || true`;
  const loading = spawn("sh", ["-c", load, "sh", testImage, url], { stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  loading.stderr.setEncoding("utf8").on("data", (text: string) => (words += text));
  const [status] = (await once(loading, "close")) as [number | null];
  if (status !== 0) throw new Error(`${testImage} could not be loaded: ${words.trim()}`);
}

async function lastWords(name: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)("docker", ["logs", "--tail", "20", name]);
  return `the engine did not come up:\n${stdout}${stderr}`;
}
