import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import * as https from "node:https";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

const user = "cos";
const password = "only-for-tests";
/** The password by bcrypt, the only way in which registries take one. */
const passwordHash = "$2y$05$abcdefghijklmnopqrstuuDt8u8tY.Zm8YU.pieFNyF5h5afvnc0a";

/**
 * A registry of a test's own on the loopback address, with TLS and a password. Engines take any certificate from there.
 */
export class Registry implements AsyncDisposable {
  /** As references name it, e.g. `127.0.0.1:40123`. */
  readonly domain: string;
  readonly port: number;
  readonly #directory: string;
  readonly #process: ChildProcess;

  private constructor(directory: string, port: number, process: ChildProcess) {
    this.#directory = directory;
    this.#process = process;
    this.port = port;
    this.domain = `127.0.0.1:${port}`;
  }

  static async start(): Promise<Registry> {
    const directory = await mkdtemp(join(tmpdir(), "cos-registry-"));
    const port = await freePort();
    const [certificate, key, passwords] = ["certificate.pem", "key.pem", "htpasswd"].map((name) =>
      join(directory, name),
    );
    const subject = ["-subj", "/CN=cos test registry", "-addext", "subjectAltName=IP:127.0.0.1"];
    const keyOptions = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key ?? ""];
    await run("openssl", ["req", "-x509", "-days", "2", ...keyOptions, "-out", certificate ?? "", ...subject]);
    await writeFile(passwords ?? "", `${user}:${passwordHash}\n`);
    await mkdir(join(directory, "data"));
    const config = {
      version: "0.1",
      log: { level: "error", accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(directory, "data") } },
      http: { addr: `127.0.0.1:${port}`, secret: "only-for-tests", tls: { certificate, key } },
      auth: { htpasswd: { realm: "cos", path: passwords } },
    };
    // JSON is YAML, too.
    await writeFile(join(directory, "config.yml"), JSON.stringify(config));
    const child = spawn("docker-registry", ["serve", join(directory, "config.yml")], { stdio: "ignore" });
    const registry = new Registry(directory, port, child);
    try {
      await Promise.race([registry.#answers(), failing(child)]);
      return registry;
    } catch (error) {
      await registry[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What Docker's configuration says to have the user let in, or with another password, not. */
  login(as = password, domain = this.domain): string {
    return JSON.stringify({ auths: { [domain]: { auth: Buffer.from(`${user}:${as}`).toString("base64") } } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.pid !== undefined) {
      this.#process.kill("SIGKILL");
      await once(this.#process, "exit");
    }
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #answers(): Promise<void> {
    const options = { host: "127.0.0.1", port: this.port, path: "/v2/", rejectUnauthorized: false, agent: false };
    for (const giveUpAt = performance.now() + 20_000; performance.now() < giveUpAt; await delay(25)) {
      const status = await new Promise<number | undefined>((resolve) => {
        const request = https.get(options, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        request.on("error", () => resolve(undefined));
      });
      if (status === 401) return;
    }
    throw new Error("the registry does not answer");
  }
}

/** The way to a port that breaks for good once a connection has carried a number of bytes in one direction. */
export async function breakingWay(
  to: number,
  after: { readonly sentBytes?: number; readonly receivedBytes?: number },
): Promise<{ readonly domain: string; readonly broken: () => boolean; readonly close: () => void }> {
  const sockets = new Set<net.Socket>();
  let broken = false;
  const server = net.createServer((inbound) => {
    const outbound = net.connect(to, "127.0.0.1");
    for (const socket of [inbound, outbound]) sockets.add(socket.on("error", () => undefined));
    count(inbound, after.sentBytes);
    count(outbound, after.receivedBytes);
    inbound.pipe(outbound).pipe(inbound);
  });
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  const count = (socket: net.Socket, limit = Number.POSITIVE_INFINITY) => {
    let bytes = 0;
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes <= limit || broken) return;
      broken = true;
      close();
    });
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { domain: `127.0.0.1:${(server.address() as net.AddressInfo).port}`, broken: () => broken, close };
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function failing(child: ChildProcess): Promise<never> {
  const [reason] = (await Promise.race([once(child, "error"), once(child, "exit")])) as [unknown];
  throw new Error("docker-registry does not run; on Debian: apt-get install docker-registry", { cause: reason });
}
