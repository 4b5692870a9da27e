import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as http from "node:http";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { CosError, createSigner, type ImageOptions, type ProgressEvent } from "@cos/core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { parseEndpoint } from "../endpoint/endpoint.ts";
import { EngineClient } from "../transport/engine-client.ts";
import { enginePath } from "../testing/raw-engine.ts";
import { Transport } from "../transport/transport.ts";
import { Images } from "./images.ts";
import { tarEnd, tarPadding, toTarHeader } from "../tar/tar-header.ts";

const endpoint = parseEndpoint(process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock");
const testLabel = { "cos.test": "images" };

const sha256 = (data: Buffer) => `sha256:${createHash("sha256").update(data).digest("hex")}`;

/** An image of one layer with one large file, as a registry keeps it; other bytes each time, so that none is cached. */
function makeImage() {
  const content = randomBytes(3_000_000);
  const layer = Buffer.concat([
    toTarHeader({ path: "data", type: "file", mode: 0o644, size: content.byteLength }),
    content,
    tarPadding(content.byteLength),
    tarEnd,
  ]);
  const blob = gzipSync(layer, { level: 0 });
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === "arm64" ? "arm64" : "amd64",
      os: "linux",
      config: { Cmd: ["x"], Labels: testLabel },
      rootfs: { type: "layers", diff_ids: [sha256(layer)] },
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.docker.distribution.manifest.v2+json",
      config: {
        mediaType: "application/vnd.docker.container.image.v1+json",
        size: config.byteLength,
        digest: sha256(config),
      },
      layers: [
        { mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip", size: blob.byteLength, digest: sha256(blob) },
      ],
    }),
  );
  return {
    id: sha256(config),
    digest: sha256(manifest),
    manifest,
    blobs: new Map([config, blob].map((data) => [sha256(data), data])),
  };
}

interface RegistryOptions {
  /** What happens in the middle of the layer. */
  readonly middle?: "cut" | "stall";
  readonly password?: string;
}

/** A registry on this machine with one image, `test/data:1`. Engines speak plain HTTP to 127.0.0.1. */
async function startRegistry({ middle, password }: RegistryOptions = {}) {
  const image = makeImage();
  let cuts = 0;
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://registry");
    const manifest = pathname.endsWith("/manifests/1") || pathname.endsWith(`/manifests/${image.digest}`);
    const blob = image.blobs.get(pathname.split("/blobs/")[1] ?? "");
    if (
      password !== undefined &&
      request.headers.authorization !== `Basic ${Buffer.from(`user:${password}`).toString("base64")}`
    ) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="registry"' }).end();
    } else if (pathname === "/v2/") response.end("{}");
    else if (manifest) {
      response.writeHead(200, {
        "content-type": "application/vnd.docker.distribution.manifest.v2+json",
        "docker-content-digest": image.digest,
        "content-length": image.manifest.byteLength,
      });
      response.end(request.method === "HEAD" ? undefined : image.manifest);
    } else if (blob === undefined || cuts > 0) {
      response
        .writeHead(404, { "content-type": "application/json" })
        .end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
    } else {
      response.writeHead(200, { "content-length": blob.byteLength });
      if (middle === undefined || blob.byteLength < 1_000_000) response.end(blob);
      else
        response.write(blob.subarray(0, 2_000_000), () => {
          if (middle === "stall") return;
          cuts++;
          response.destroy();
        });
    }
  });
  const gone = new Promise<void>((resolve) => {
    server.on("request", (request: http.IncomingMessage) => request.socket.once("close", resolve));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as net.AddressInfo;
  return { image, domain: `127.0.0.1:${port}`, name: `127.0.0.1:${port}/test/data:1`, gone };
}

const cleanups: (() => void)[] = [];
const pulled: string[] = [];
let transport: Transport;
let config: string;
let images: Images;

beforeAll(async () => {
  transport = Transport.create(endpoint);
  config = mkdtempSync(join(tmpdir(), "cos-pull-"));
  images = imagesOf(transport);
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  for (const id of pulled.splice(0)) await images.remove(id);
});
afterAll(() => {
  transport.close();
  rmSync(config, { recursive: true, force: true });
});

function imagesOf(to: Transport): Images {
  return new Images({
    client: new EngineClient(to, "1.41"),
    signer: createSigner(randomBytes(32)),
    env: { DOCKER_CONFIG: config },
  });
}

function signIn(domain: string, password: string): void {
  const auth = Buffer.from(`user:${password}`).toString("base64");
  writeFileSync(join(config, "config.json"), JSON.stringify({ auths: { [domain]: { auth } } }));
  cleanups.push(() => rmSync(join(config, "config.json")));
}

function useHelper(credsStore: string): void {
  writeFileSync(join(config, "config.json"), JSON.stringify({ credsStore }));
  cleanups.push(() => rmSync(join(config, "config.json")));
}

async function ensure(image: string, options: Partial<ImageOptions> = {}, from = images) {
  const resolved = await from.ensure({ image }, { owner: "pull-test", ...options });
  pulled.push(resolved.id);
  return resolved;
}

const failureOf = async (promise: Promise<unknown>): Promise<CosError> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (CosError.is(error)) return error;
  throw new Error("expected a CosError", { cause: error });
};

/** A progress sink that does something at the first event that tells of bytes. */
function atFirstBytes(act: () => void): (event: ProgressEvent) => void {
  return ({ done = 0 }) => {
    if (done > 0) act();
  };
}

describe("a pull", () => {
  test("brings the image and tells of its progress in bytes", async () => {
    const { image, name } = await startRegistry();
    const events: ProgressEvent[] = [];
    const resolved = await ensure(name, { progress: (event) => void events.push(event) });
    expect(resolved).toMatchObject({ id: image.id, tags: [name], config: { command: ["x"] } });
    expect(events[0]).toEqual({ phase: "pull", message: `Pulling ${name}` });
    const total = Math.max(...Array.from(image.blobs.values(), (blob) => blob.byteLength));
    expect(events.at(-1)).toEqual({ phase: "pull", message: `Pulling ${name} (1 of 1 layers)`, done: total, total });
  });

  test("happens once when missing, and each time when always", async () => {
    const { name } = await startRegistry();
    const pulls = async (pull: "missing" | "always") => {
      const events: ProgressEvent[] = [];
      await ensure(name, { pull, progress: (event) => void events.push(event) });
      return events.length > 0;
    };
    expect([await pulls("missing"), await pulls("missing"), await pulls("always")]).toEqual([true, false, true]);
    pulled.splice(1);
  });

  test("finds an image by its digest", async () => {
    const { image, domain } = await startRegistry();
    const name = `${domain}/test/data@${image.digest}`;
    expect((await ensure(name)).id).toBe(image.id);
    expect((await ensure(name, { pull: "never" })).id).toBe(image.id);
    pulled.splice(1);
  });

  test("uses the credentials of its registry", async () => {
    const { domain, name, image } = await startRegistry({ password: "right" });
    signIn(domain, "right");
    expect((await ensure(name)).id).toBe(image.id);
  });

  test("with wrong credentials is denied", async () => {
    const { domain, name } = await startRegistry({ password: "right" });
    signIn(domain, "wrong");
    const failure = await failureOf(ensure(name));
    expect(failure).toMatchObject({ code: "denied", hint: `Sign in with an account that may: docker login ${domain}` });
    expect(JSON.stringify(failure)).not.toContain("wrong");
  });

  test("of a public image needs no credentials, though the helper that keeps them is missing", async () => {
    useHelper("not-installed");
    const { name, image } = await startRegistry();
    expect((await ensure(name)).id).toBe(image.id);
  });

  test("that is denied for want of credentials says what is wrong with their helper", async () => {
    useHelper("not-installed");
    const { name } = await startRegistry({ password: "right" });
    const failure = await failureOf(ensure(name));
    expect(failure.code).toBe("denied");
    expect(failure.hint).toContain("docker-credential-not-installed");
  });

  test("does not give one registry the credentials of another", async () => {
    const { name } = await startRegistry({ password: "right" });
    signIn("127.0.0.1:1", "right");
    expect((await failureOf(ensure(name))).code).toBe("denied");
  });

  test("of a tag that the registry does not have is not found", async () => {
    const { name, domain } = await startRegistry();
    expect(await failureOf(ensure(name.replace(/:1$/, ":2")))).toMatchObject({
      code: "not_found",
      message: `${domain} has no ${domain}/test/data:2.`,
    });
  });

  test("from where nothing listens says that the registry cannot be reached", async () => {
    const failure = await failureOf(ensure("127.0.0.1:1/test/data"));
    expect(failure).toMatchObject({
      code: "unavailable",
      message: "The engine cannot reach the registry 127.0.0.1:1.",
    });
  });

  test("that the registry cuts in the middle of a layer is an error", async () => {
    const { name } = await startRegistry({ middle: "cut" });
    expect((await failureOf(ensure(name))).code).toBe("unavailable");
    expect((await failureOf(ensure(name, { pull: "never" }))).code).toBe("not_found");
  });

  test("that is cancelled ends at once, on the engine too", async () => {
    const { name, gone } = await startRegistry({ middle: "stall" });
    const controller = new AbortController();
    const failure = await failureOf(
      ensure(name, { signal: controller.signal, progress: atFirstBytes(() => controller.abort()) }),
    );
    expect(failure.code).toBe("cancelled");
    await gone;
  });

  test("ends when the connection to the engine breaks in the middle", async () => {
    const { name } = await startRegistry({ middle: "stall" });
    const sockets = new Set<net.Socket>();
    const proxy = net.createServer((inbound) => {
      const outbound = net.connect({ path: enginePath() });
      for (const socket of [inbound, outbound]) sockets.add(socket.on("error", () => undefined));
      inbound.pipe(outbound).pipe(inbound);
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const proxied = Transport.create({
      kind: "tcp",
      host: "127.0.0.1",
      port: (proxy.address() as net.AddressInfo).port,
    });
    const cut = () => {
      for (const socket of sockets) socket.destroy();
    };
    cleanups.push(() => {
      proxied.close();
      cut();
      proxy.close();
    });
    expect((await failureOf(ensure(name, { progress: atFirstBytes(cut) }, imagesOf(proxied)))).code).toBe(
      "unavailable",
    );
  });
});
