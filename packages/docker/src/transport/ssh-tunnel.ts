import type { ChildProcess } from "node:child_process";
import { existsSync, watch } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { CosError } from "@cos/core";
import type { SshEndpoint } from "../endpoint/endpoint.ts";

/** How long ssh may take to connect and to forward the socket, in milliseconds. */
const openDeadlineMs = 30_000;
const retryMs = 5;
/** Most of what ssh says that is kept, in characters. */
const maxSaid = 4096;

/**
 * How ssh is called, beside the user's own configuration, which decides everything else (aliases, jump hosts, agents,
 * known hosts). It asks no questions, believes no host that the user does not know, and ends when it cannot forward.
 */
const options = [
  "BatchMode=yes",
  "StrictHostKeyChecking=yes",
  "ExitOnForwardFailure=yes",
  "StreamLocalBindUnlink=yes",
  "ControlMaster=no",
  "ControlPath=none",
  "ConnectTimeout=10",
  "ServerAliveInterval=15",
  "ServerAliveCountMax=3",
];

interface Open {
  readonly ssh: ChildProcess;
  readonly socketPath: string;
}

/**
 * The socket of an engine behind ssh, forwarded by the user's own OpenSSH to a socket here that only this user can
 * reach. It is opened when first needed, and again when it broke.
 */
export class SshTunnel {
  readonly #endpoint: SshEndpoint;
  readonly #env: NodeJS.ProcessEnv;
  #opening: Promise<Open> | undefined;
  #ssh: ChildProcess | undefined;
  #closed = false;

  /** @param env the environment that ssh runs in. */
  constructor(endpoint: SshEndpoint, env: NodeJS.ProcessEnv) {
    this.#endpoint = endpoint;
    this.#env = env;
  }

  /**
   * The path of the local end, once it can be connected to.
   *
   * @throws CosError `unavailable` with what ssh says, `deadline_exceeded`
   */
  async ensure(): Promise<string> {
    if (this.#closed) throw new CosError("unavailable", "The connection to the engine was closed.");
    this.#opening ??= this.#remember(this.#open());
    return (await this.#opening).socketPath;
  }

  /** Forgets a tunnel that could not be opened, or that has ended, so that the next call opens another. */
  #remember(opening: Promise<Open>): Promise<Open> {
    const forget = () => {
      if (this.#opening === opening) this.#opening = undefined;
    };
    opening.then(({ ssh }) => {
      if (ssh.exitCode !== null || ssh.signalCode !== null) forget();
      else ssh.once("exit", forget);
    }, forget);
    return opening;
  }

  close(): void {
    this.#closed = true;
    this.#ssh?.kill();
  }

  async #open(): Promise<Open> {
    const { spawn } = process.getBuiltinModule("node:child_process");
    const { destination, port, socketPath: remotePath } = this.#endpoint;
    const directory = await mkdtemp(join(tmpdir(), "cos-ssh-"));
    const socketPath = join(directory, "engine.sock");
    const ssh = spawn(
      "ssh",
      [
        "-nNT",
        ...options.flatMap((option) => ["-o", option]),
        "-L",
        `${socketPath}:${remotePath}`,
        ...(port === undefined ? [] : ["-p", String(port)]),
        "--",
        destination,
      ],
      { stdio: ["ignore", "ignore", "pipe"], env: this.#env },
    );
    this.#ssh = ssh;
    // It would go on without this process.
    const onExit = () => void ssh.kill();
    process.once("exit", onExit);
    ssh.once("close", () => {
      process.off("exit", onExit);
      void rm(directory, { recursive: true, force: true });
    });
    ssh.unref();
    let said = "";
    ssh.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-maxSaid)));
    (ssh.stderr as { unref?: () => void }).unref?.();
    try {
      await socketAppears(socketPath, ssh, () => this.#toFailure(said));
      return { ssh, socketPath };
    } catch (error) {
      ssh.kill();
      throw error;
    }
  }

  #toFailure(said: string): CosError {
    const { destination } = this.#endpoint;
    const reason = said
      .split(/[\r\n]+/)
      .map((line) => line.replace(/[\u0000-\u001f\u007f-\u009f]/g, "").trim())
      .filter((line) => line !== "")
      .slice(-3)
      .join(" ")
      .slice(0, 500);
    return new CosError("unavailable", `ssh cannot reach ${destination}${reason === "" ? "." : `: ${reason}`}`, {
      hint: hintFor(reason, destination),
    });
  }
}

function hintFor(reason: string, destination: string): string {
  if (/host key|known_hosts|REMOTE HOST IDENTIFICATION/i.test(reason)) {
    return `cos accepts no host key by itself. Check it, and have ssh remember it: ssh ${destination}`;
  }
  if (/permission denied|passphrase/i.test(reason)) {
    return `It has to work without a question. Load the key into an agent (ssh-add), then try: ssh ${destination} true`;
  }
  return `Try it by hand: ssh ${destination} true`;
}

/** Resolves when ssh listens on the socket. */
async function socketAppears(path: string, ssh: ChildProcess, toFailure: () => CosError): Promise<void> {
  let stop = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      // It is there a moment before ssh listens on it.
      const look = () => {
        if (existsSync(path)) void accepts(path).then((answers) => (answers ? resolve() : setTimeout(look, retryMs)));
      };
      const watcher = watch(dirname(path), look).on("error", () => {});
      const timer = setTimeout(() => {
        reject(new CosError("deadline_exceeded", "ssh did not connect in time.", { cause: toFailure() }));
      }, openDeadlineMs);
      stop = () => {
        clearTimeout(timer);
        watcher.close();
      };
      ssh.once("error", (cause) => {
        const hint = "Install OpenSSH's client.";
        reject(new CosError("unavailable", "The command ssh cannot be run.", { hint, cause }));
      });
      ssh.once("close", () => reject(toFailure()));
      look();
    });
  } finally {
    stop();
  }
}

async function accepts(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
