import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** A certificate authority of a test's own, and what it has signed, in files as Docker calls them. */
export class Certificates implements AsyncDisposable {
  /** Has `ca.pem`, `cert.pem` and `key.pem` for clients, `server-cert.pem` and `server-key.pem` for the server. */
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** @param address the server's, which its certificate is for. */
  static async create(address: string): Promise<Certificates> {
    const certificates = new Certificates(await mkdtemp(join(tmpdir(), "cos-certs-")));
    const authority = [
      "-addext",
      "basicConstraints=critical,CA:TRUE",
      "-addext",
      "keyUsage=critical,keyCertSign,cRLSign",
    ];
    await certificates.#openssl(
      "req",
      "-x509",
      ...newKey,
      "-days",
      "2",
      "-keyout",
      "ca-key.pem",
      "-out",
      "ca.pem",
      "-subj",
      "/CN=tests",
      ...authority,
    );
    await certificates.#sign("server-", `subjectAltName=IP:${address}\nextendedKeyUsage=serverAuth\n`);
    await certificates.#sign("", "extendedKeyUsage=clientAuth\n");
    return certificates;
  }

  async #sign(prefix: string, extensions: string): Promise<void> {
    await writeFile(join(this.directory, "extensions"), extensions);
    await this.#openssl("req", ...newKey, "-keyout", `${prefix}key.pem`, "-out", "request", "-subj", "/CN=tests");
    const authority = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial"];
    await this.#openssl(
      "x509",
      "-req",
      "-in",
      "request",
      ...authority,
      "-days",
      "2",
      "-out",
      `${prefix}cert.pem`,
      "-extfile",
      "extensions",
    );
  }

  async #openssl(...args: string[]): Promise<void> {
    await run("openssl", args, { cwd: this.directory });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
