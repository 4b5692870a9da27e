import { createHash, randomBytes } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSigner, defineWorkload } from "@cos/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectDocker } from "../connect.ts";
import { Certificates } from "../testing/certificates.ts";
import { OwnEngine } from "../testing/own-engine.ts";

const address = `10.231.${(process.pid % 250) + 1}.1`;
const host = `tcp://${address}:2376`;

let certificates: Certificates;
let engine: OwnEngine;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "cos-tls-"));
  certificates = await Certificates.create(address);
  engine = await OwnEngine.start({ tls: { address, directory: certificates.directory } });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await certificates[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

const connect = (env: NodeJS.ProcessEnv) =>
  connectDocker({ env: { HOME: directory, ...env }, signer: createSigner(randomBytes(32)) });

/** A directory with some of the files. */
function withFiles(name: string, files: readonly string[], from = certificates.directory): string {
  const path = join(directory, name);
  mkdirSync(path, { recursive: true });
  for (const file of files) cpSync(join(from, file), join(path, file));
  return path;
}

describe("an engine that speaks TLS and asks for a certificate", () => {
  test("runs jobs, with input, output and a stream of its own", async () => {
    await using remote = await connect({ DOCKER_HOST: host, DOCKER_CERT_PATH: certificates.directory });
    const spec = defineWorkload({
      env: { image: "busybox:latest" },
      command: "cat; exit 7",
      stdin: "x".repeat(300_000),
    });
    const result = await remote.jobs.run({ owner: "tester", spec });
    expect(result).toMatchObject({ exitCode: 7, outputLost: false });
    expect(result.stdout).toBe("x".repeat(300_000));
    expect(remote.capabilities.localFiles).toBe(false);
  });

  test("is found by a Docker context with its own certificates", async () => {
    const id = createHash("sha256").update("far").digest("hex");
    const meta = join(directory, ".docker", "contexts", "meta", id);
    mkdirSync(meta, { recursive: true });
    writeFileSync(
      join(meta, "meta.json"),
      JSON.stringify({ Name: "far", Metadata: {}, Endpoints: { docker: { Host: host, SkipTLSVerify: false } } }),
    );
    withFiles(join(".docker", "contexts", "tls", id, "docker"), ["ca.pem", "cert.pem", "key.pem"]);
    await using remote = await connect({ DOCKER_CONTEXT: "far" });
    expect(await remote.ping()).toMatchObject({ version: expect.stringMatching(/^\d+\./) });
  });

  test("refuses who has no certificate", async () => {
    const only = withFiles("no-client", ["ca.pem"]);
    await expect(connect({ DOCKER_HOST: host, DOCKER_CERT_PATH: only })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/certificate/i),
    });
  });

  test("is not believed when its certificate is from somebody else, whatever Node is told", async () => {
    await using others = await Certificates.create(address);
    const wrong = withFiles("wrong", ["ca.pem"], others.directory);
    withFiles("wrong", ["cert.pem", "key.pem"]);
    const env = { DOCKER_HOST: host, DOCKER_CERT_PATH: wrong, NODE_TLS_REJECT_UNAUTHORIZED: "0" };
    await expect(connect(env)).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("not trusted"),
    });
  });

  test("is not spoken to without TLS", async () => {
    await expect(connect({ DOCKER_HOST: host })).rejects.toMatchObject({ code: expect.any(String) });
  });
});
