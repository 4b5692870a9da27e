import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const program = "/usr/sbin/sshd";

/**
 * An ssh server of a test's own on loopback, and a user's ssh configuration that knows it: `HOME` of whoever is to reach
 * it. Only root can run one.
 */
export class OwnSshd implements AsyncDisposable {
  /** The home directory of the user whose ssh reaches it; its `.ssh/config` is the test's to write. */
  readonly home: string;
  readonly port: number;
  readonly #directory: string;
  #daemon: ReturnType<typeof spawn> | undefined;

  private constructor(directory: string, port: number) {
    this.#directory = directory;
    this.home = join(directory, "home");
    this.port = port;
  }

  /** Starts one, after installing Debian's when there is none. */
  static async start(): Promise<OwnSshd> {
    if (!existsSync(program)) {
      await run(join(import.meta.dirname, "../../../../scripts/apt.sh"), ["openssh-server", "openssh-client"]);
    }
    const directory = await mkdtemp(join(tmpdir(), "cos-sshd-"));
    const sshd = new OwnSshd(directory, await freePort());
    try {
      await sshd.#makeKeys();
      await sshd.boot();
      return sshd;
    } catch (error) {
      await sshd[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts the server, also again. Resolves when it accepts connections. */
  async boot(): Promise<void> {
    // It insists on this directory, which a service manager would make.
    await mkdir("/run/sshd", { recursive: true });
    const daemon = spawn(program, ["-D", "-e", "-f", join(this.#directory, "sshd_config")], { stdio: "ignore" });
    this.#daemon = daemon;
    for (const giveUpAt = performance.now() + 10_000; !(await accepts(this.port)); await delay(20)) {
      if (daemon.exitCode !== null || performance.now() > giveUpAt) throw new Error("sshd did not start");
    }
  }

  /** Ends the server and every connection through it. */
  async crash(): Promise<void> {
    const daemon = this.#daemon;
    if (daemon?.pid === undefined || daemon.exitCode !== null) return;
    // Each connection has a process of its own below the server.
    await run("pkill", ["-KILL", "-P", String(daemon.pid)]).catch(() => undefined);
    daemon.kill("SIGKILL");
    if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, "exit");
  }

  /** Makes the user's ssh know hosts under other names. @param hosts blocks of an ssh configuration */
  configure(hosts: string): void {
    const file = (name: string) => join(this.home, ".ssh", name);
    const common = [
      "Host *",
      `  IdentityFile ${file("id")}`,
      "  IdentitiesOnly yes",
      `  UserKnownHostsFile ${file("known_hosts")}`,
    ];
    // OpenSSH reads the configuration of the account's home directory, whatever HOME says.
    writeFileSync(file("config"), `${hosts}\n${common.join("\n")}\n`);
  }

  /** An environment in which `ssh` is the user's, with this configuration and no agent. */
  get env(): NodeJS.ProcessEnv {
    const { SSH_AUTH_SOCK: _agent, ...others } = process.env;
    return { ...others, HOME: this.home, PATH: `${join(this.#directory, "bin")}:${process.env["PATH"]}` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.crash();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #makeKeys(): Promise<void> {
    const ssh = join(this.home, ".ssh");
    await mkdir(ssh, { recursive: true, mode: 0o700 });
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(this.#directory, "host")]);
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(ssh, "id")]);
    await run("sh", [
      "-c",
      'cp "$1.pub" "$2" && chmod 600 "$2"',
      "sh",
      join(ssh, "id"),
      join(this.#directory, "users"),
    ]);
    await run("sh", [
      "-c",
      'printf "[127.0.0.1]:%s %s\\n" "$1" "$(cut -d" " -f1,2 "$2.pub")" >"$3"',
      "sh",
      String(this.port),
      join(this.#directory, "host"),
      join(ssh, "known_hosts"),
    ]);
    writeFileSync(
      join(this.#directory, "sshd_config"),
      [
        `Port ${this.port}`,
        "ListenAddress 127.0.0.1",
        `HostKey ${join(this.#directory, "host")}`,
        `AuthorizedKeysFile ${join(this.#directory, "users")}`,
        `PidFile ${join(this.#directory, "pid")}`,
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PermitRootLogin prohibit-password",
      ].join("\n"),
    );
    const bin = join(this.#directory, "bin");
    await mkdir(bin);
    writeFileSync(join(bin, "ssh"), `#!/bin/sh\nexec /usr/bin/ssh -F ${join(ssh, "config")} "$@"\n`);
    await chmod(join(bin, "ssh"), 0o755);
    this.configure("");
  }
}

async function accepts(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => (socket.destroy(), resolve(true))).once("error", () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
