import { execFile, spawn } from "node:child_process";
import { existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir } from "node:fs/promises";
import * as http from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface OwnEngineOptions {
  /** How much its data may take; as much as there is unless set. */
  readonly sizeMiB?: number;
  /** Listens there too, on port 2376, for clients with certificates: the first address of a network of four. */
  readonly tls?: { readonly address: string; readonly directory: string };
}

/**
 * A Docker engine of a test's own, which can be killed. It has its own network namespace, because two engines in one
 * fight over its bridge and packet filter, and its own data, so it begins without images.
 */
export class OwnEngine implements AsyncDisposable {
  /** The unix socket it listens on. */
  readonly socketPath: string;
  readonly #directory: string;
  readonly #namespace: string;

  readonly #options: OwnEngineOptions;

  private constructor(directory: string, options: OwnEngineOptions) {
    this.#directory = directory;
    this.#options = options;
    this.#namespace = basename(directory);
    this.socketPath = join(directory, "engine.sock");
  }

  /** Starts one with the image `busybox:latest` of the engine that the tests run on. */
  static async start(options: OwnEngineOptions = {}): Promise<OwnEngine> {
    const engine = new OwnEngine(await mkdtemp(join(tmpdir(), "cos-engine-")), options);
    try {
      await engine.#prepareData();
      await run("ip", ["netns", "add", engine.#namespace]);
      await run("ip", ["-n", engine.#namespace, "link", "set", "lo", "up"]);
      if (options.tls !== undefined) await engine.#connectNamespace(options.tls.address);
      await engine.boot();
      await run("sh", ["-c", 'docker save busybox:latest | docker -H "$1" load', "sh", `unix://${engine.socketPath}`]);
      return engine;
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A file system of its own in a file, without the part that is otherwise kept for root. */
  async #prepareData(): Promise<void> {
    const { sizeMiB } = this.#options;
    if (sizeMiB === undefined) return;
    const [file, data] = [join(this.#directory, "data.img"), join(this.#directory, "data")];
    await run("truncate", ["-s", `${sizeMiB}M`, file]);
    await run("mkfs.ext4", ["-q", "-F", "-m", "0", file]);
    await mkdir(data);
    await run("mount", ["-o", "loop", file, data]);
  }

  /** A cable between the machine and the namespace, whose end there has the address; this one has the next. */
  async #connectNamespace(address: string): Promise<void> {
    const [here, there] = ["h", "t"].map((end) => `${end}${this.#namespace.slice(-10)}`) as [string, string];
    await run("ip", ["link", "add", here, "type", "veth", "peer", "name", there, "netns", this.#namespace]);
    await run("ip", ["-n", this.#namespace, "addr", "add", `${address}/30`, "dev", there]);
    await run("ip", ["-n", this.#namespace, "link", "set", there, "up"]);
    await run("ip", ["addr", "add", `${address.replace(/\d+$/, (last) => String(Number(last) + 1))}/30`, "dev", here]);
    await run("ip", ["link", "set", here, "up"]);
  }

  /** Starts the daemon, also again; resolves when it answers. */
  async boot(): Promise<void> {
    // A pid file that outlived its process keeps an engine from starting once another process has that number.
    const stale = [this.socketPath, this.#pidFile, join(this.#directory, "exec", "containerd", "containerd.pid")];
    await Promise.all(stale.map((path) => rm(path, { force: true })));
    const log = openSync(join(this.#directory, "log"), "a");
    const options = [
      "-H",
      `unix://${this.socketPath}`,
      "--data-root",
      join(this.#directory, "data"),
      "--exec-root",
      join(this.#directory, "exec"),
    ];
    const { tls } = this.#options;
    if (tls !== undefined) {
      const file = (name: string) => join(tls.directory, name);
      const trust = [
        "--tlscacert",
        file("ca.pem"),
        "--tlscert",
        file("server-cert.pem"),
        "--tlskey",
        file("server-key.pem"),
      ];
      options.push("-H", `tcp://${tls.address}:2376`, "--tlsverify", ...trust);
    }
    const own = ["--pidfile", this.#pidFile, "--cgroup-parent", `/${this.#namespace}`];
    spawn("nsenter", [`--net=/run/netns/${this.#namespace}`, "dockerd", ...options, ...own], {
      detached: true,
      stdio: ["ignore", log, log],
    }).unref();
    for (const giveUpAt = performance.now() + 40_000; !(await this.#answers()); await delay(50)) {
      if (performance.now() > giveUpAt)
        throw new Error(readFileSync(join(this.#directory, "log"), "utf8").slice(-2000));
    }
  }

  /** Kills the daemon as a crash would: its containers go on until it comes back. */
  async crash(): Promise<void> {
    const pid = this.#pid();
    if (pid === undefined) return;
    process.kill(pid, "SIGKILL");
    while (existsSync(`/proc/${pid}`)) await delay(20);
  }

  /** Stops the daemon in its tracks: it accepts connections, and answers nothing. */
  freeze(): void {
    this.#signal("SIGSTOP");
    // Its threads stop when each of them is next scheduled.
    const tasks = `/proc/${this.#pid()}/task`;
    const stopped = (task: string) => /\) [Tt] /.test(readFileSync(join(tasks, task, "stat"), "utf8"));
    for (const giveUpAt = performance.now() + 5000; !readdirSync(tasks).every(stopped);) {
      if (performance.now() > giveUpAt) throw new Error("the engine goes on");
    }
  }

  /** Lets it go on, with everything that it was asked meanwhile. */
  thaw(): void {
    this.#signal("SIGCONT");
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#pid();
    if (pid === undefined) throw new Error("the engine does not run");
    process.kill(pid, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pid = this.#pid();
    if (pid !== undefined && existsSync(`/proc/${pid}`)) {
      process.kill(pid, "SIGTERM");
      for (const giveUpAt = performance.now() + 20_000; existsSync(`/proc/${pid}`); await delay(50)) {
        if (performance.now() > giveUpAt) process.kill(pid, "SIGKILL");
      }
    }
    await this.#killTheRest();
    const mounts = readFileSync("/proc/mounts", "utf8")
      .split("\n")
      .map((line) => line.split(" ")[1] ?? "");
    for (const mount of mounts
      .filter((path) => path.startsWith(`${this.#directory}/`))
      .toSorted()
      .toReversed())
      await run("umount", ["-l", mount]);
    await run("ip", ["netns", "del", this.#namespace]).catch(() => undefined);
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 5 });
    for (const controller of await readdir("/sys/fs/cgroup"))
      await removeGroups(join("/sys/fs/cgroup", controller, this.#namespace));
    await removeGroups(join("/sys/fs/cgroup", this.#namespace));
  }

  /** Containers and their keepers outlive an engine that did not come back. */
  async #killTheRest(): Promise<void> {
    for (const pid of await processesIn(join("/sys/fs/cgroup", "pids", this.#namespace))) kill(pid);
    for (const pid of await processesIn(join("/sys/fs/cgroup", this.#namespace))) kill(pid);
    for (const entry of await readdir("/proc")) {
      const commandLine = /^[0-9]+$/.test(entry)
        ? await readFile(join("/proc", entry, "cmdline"), "utf8").catch(() => "")
        : "";
      if (commandLine.includes(`${this.#directory}/`)) kill(Number(entry));
    }
  }

  get #pidFile(): string {
    return join(this.#directory, "engine.pid");
  }

  #pid(): number | undefined {
    return existsSync(this.#pidFile) ? Number(readFileSync(this.#pidFile, "utf8")) : undefined;
  }

  async #answers(): Promise<boolean> {
    return await new Promise((resolve) => {
      const request = http.get(
        { socketPath: this.socketPath, path: "/_ping", timeout: 1000, agent: false },
        (response) => {
          response.resume();
          resolve(response.statusCode === 200);
        },
      );
      request.on("timeout", () => request.destroy()).on("error", () => resolve(false));
    });
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

async function processesIn(group: string): Promise<number[]> {
  const entries = await readdir(group, { withFileTypes: true }).catch(() => []);
  const inner = entries.filter((entry) => entry.isDirectory()).map((entry) => processesIn(join(group, entry.name)));
  const own = await readFile(join(group, "cgroup.procs"), "utf8").catch(() => "");
  return [
    ...own
      .split("\n")
      .filter((line) => line !== "")
      .map(Number),
    ...(await Promise.all(inner)).flat(),
  ];
}

/** Control groups are removed from the inside out, as empty directories. */
async function removeGroups(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeGroups(join(path, entry.name));
  await rmdir(path).catch(() => undefined);
}
