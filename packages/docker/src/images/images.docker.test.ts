import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import * as http from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { CosError, createSigner, type EnvSpec, fromLabels, type ImageOptions, type ProgressEvent } from "@cos/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { parseEndpoint } from "../endpoint/endpoint.ts";
import { EngineClient } from "../transport/engine-client.ts";
import { enginePath } from "../testing/raw-engine.ts";
import { Transport } from "../transport/transport.ts";
import { Images } from "./images.ts";

const endpoint = parseEndpoint(process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock");
// Labels that begin with "cos." are reserved on images that cos builds.
const testLabel = `user.test=images-${randomBytes(4).toString("hex")}`;
const signer = createSigner(randomBytes(32));
const owner = "images-test";

let client: EngineClient;
let images: Images;
let root: string;
/** Every request that was sent, as method and path. */
let sent: string[] = [];

/** A call past cos, to look at the engine and to clean up. */
async function engine<T>(method: string, path: string): Promise<T> {
  const address = { socketPath: enginePath() };
  return await new Promise((resolve, reject) => {
    const request = http.request({ ...address, method, path: `/v1.41${path}` }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve(JSON.parse(Buffer.concat(chunks).toString("utf8") || "null") as T));
    });
    request.on("error", reject).end();
  });
}

interface ImageDetails {
  readonly Id: string;
  readonly RepoTags: string[];
  readonly Config: { readonly Labels: Record<string, string> | null; readonly Env: string[] | null };
}
const inspect = async (id: string) => await engine<ImageDetails>("GET", `/images/${id}/json`);
const withLabel = async (kind: "images" | "containers", label: string) =>
  (
    await engine<{ Id: string }[]>(
      "GET",
      `/${kind}/json?all=1&filters=${encodeURIComponent(JSON.stringify({ label: [label] }))}`,
    )
  ).map(({ Id }) => Id);

function record(transport: Transport): void {
  const agent = transport.agent as unknown as { addRequest(request: http.ClientRequest, ...rest: unknown[]): void };
  const addRequest = agent.addRequest.bind(agent);
  agent.addRequest = (request, ...rest) => {
    sent.push(`${request.method} ${request.path.split("?", 1)[0]}`);
    addRequest(request, ...rest);
  };
}

beforeAll(async () => {
  const transport = Transport.create(endpoint);
  client = new EngineClient(transport, "1.41");
  images = new Images({ client, signer, env: { DOCKER_CONFIG: "/nonexistent" } });
  record(transport);
});
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "cos-images-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
  sent = [];
});
afterAll(async () => {
  // Removing an image can free the one it was built on, so what is left is asked for again.
  for (let round = 0; round < 5; round++) {
    for (const label of [testLabel, `cos.instance=${signer.instance}`]) {
      for (const id of await withLabel("images", label)) await engine("DELETE", `/images/${id}?force=1`);
    }
  }
  client.transport.close();
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

const ensure = async (env: EnvSpec, options: Partial<ImageOptions> = {}) =>
  await images.ensure(env, { owner, hostRoots: [root], ...options });
const failureOf = async (promise: Promise<unknown>): Promise<CosError> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (CosError.is(error)) return error;
  throw new Error("expected a CosError", { cause: error });
};
const dockerfile = (...lines: string[]) => ["FROM busybox", `LABEL ${testLabel}`, ...lines].join("\n");
const builds = () => sent.filter((request) => request === "POST /v1.41/build").length;

describe("a named image", () => {
  test("that is local costs one call", async () => {
    const image = await ensure({ image: "busybox" });
    expect(image.tags).toContain("busybox:latest");
    expect(sent).toEqual(["GET /v1.41/images/docker.io/library/busybox%3Alatest/json"]);
  });

  test("is also found by its full id", async () => {
    const { id } = await ensure({ image: "busybox:latest" });
    expect((await ensure({ image: id })).id).toBe(id);
  });

  test("is not found by the beginning of an id, which could be anybody's name", async () => {
    const { id } = await ensure({ image: "busybox:latest" });
    const prefix = id.slice(7, 19);
    expect(await inspect(prefix)).toMatchObject({ Id: id });
    expect((await failureOf(ensure({ image: prefix }, { pull: "never" }))).code).toBe("not_found");
  });

  test("that is missing and never pulled is not found, with the way out", async () => {
    const failure = await failureOf(ensure({ image: "cos.invalid/none:1" }, { pull: "never" }));
    expect(failure).toMatchObject({ code: "not_found", hint: "Let it be pulled (pull: missing)." });
    expect(sent).toHaveLength(1);
  });

  test("may have the longest name there is", async () => {
    const name = `r.io/${"n".repeat(200)}:${"t".repeat(128)}@sha256:${"0".repeat(64)}`;
    expect((await failureOf(ensure({ image: name }, { pull: "never" }))).code).toBe("not_found");
  });

  test("is not pulled by its id", async () => {
    expect((await failureOf(ensure({ image: `sha256:${"0".repeat(64)}` }))).code).toBe("not_found");
  });

  test("is not even looked for once the call was cancelled", async () => {
    expect((await failureOf(ensure({ image: "busybox" }, { signal: AbortSignal.abort() }))).code).toBe("cancelled");
    expect(sent).toEqual([]);
  });
});

describe("a build", () => {
  test("takes the context without what is ignored, and links as links", async () => {
    write({
      "app.txt": "app",
      "secret.txt": "secret",
      "dir/run.sh": "echo run",
      ".dockerignore": "secret.txt\nDockerfile\n",
    });
    symlinkSync("/etc/hostname", join(root, "outside"));
    writeFileSync(
      join(root, "Dockerfile"),
      dockerfile(
        "COPY . /context",
        'RUN cd /context && [ "$(cat app.txt)" = app ] && [ ! -e secret.txt ] && [ ! -e Dockerfile ] && [ "$(readlink outside)" = /etc/hostname ] && sh dir/run.sh',
      ),
    );
    const image = await ensure({ build: { context: root } });
    const { RepoTags, Config } = await inspect(image.id);
    expect(RepoTags).toHaveLength(1);
    expect(RepoTags[0]).toMatch(/^cos-build:[0-9a-f]{32}$/);
    expect(fromLabels("image", RepoTags[0] ?? "", Config.Labels ?? {}, signer)).toMatchObject({
      status: "managed",
      labels: { owner, lifecycle: "ephemeral" },
    });
  });

  test("gets every byte of a context that is larger than what is on its way at a time", async () => {
    const contents = Array.from({ length: 12 }, (_, index) => [`f${index}`, randomBytes(900_000 + index)] as const);
    const sums = contents.map(([name, bytes]) => `${createHash("sha256").update(bytes).digest("hex")}  ${name}\n`);
    for (const [name, bytes] of contents) writeFileSync(join(root, name), bytes);
    write({ sums: sums.join(""), Dockerfile: dockerfile("COPY . /context", "RUN cd /context && sha256sum -c sums") });
    await expect(ensure({ build: { context: root } })).resolves.toBeDefined();
  });

  test("is found again instead of built again, until something changes", async () => {
    write({ Dockerfile: dockerfile("COPY a /a"), a: "1" });
    const first = await ensure({ build: { context: root } });
    expect(builds()).toBe(1);
    expect((await ensure({ build: { context: root } })).id).toBe(first.id);
    expect(builds()).toBe(1);
    write({ a: "2" });
    expect((await ensure({ build: { context: root } })).id).not.toBe(first.id);
    expect(builds()).toBe(2);
  });

  test("that is asked for twice at once runs once", async () => {
    const build = { inline: dockerfile("RUN echo once") };
    const [one, two] = await Promise.all([ensure({ build }), ensure({ build })]);
    expect(two?.id).toBe(one?.id);
    expect(builds()).toBe(1);
  });

  test("with an inline Dockerfile keeps that file out of COPY", async () => {
    write({ a: "1", Dockerfile: "FROM nothing" });
    await ensure({
      build: {
        context: root,
        inline: dockerfile("COPY . /x", 'RUN [ "$(ls -A /x | tr "\\n" " ")" = "Dockerfile a " ]'),
      },
    });
    expect(builds()).toBe(1);
  });

  test("takes arguments, a Dockerfile of another name, and a target", async () => {
    write({
      "build/app.Dockerfile": `ARG BASE=none.invalid/x\nFROM $BASE AS app\nLABEL ${testLabel}\nARG WORD\nENV WORD=$WORD\nFROM none.invalid/never AS other\n`,
    });
    const image = await ensure({
      build: {
        context: root,
        dockerfile: "build/app.Dockerfile",
        arguments: { BASE: "busybox", WORD: 'a "b" $c' },
        target: "app",
      },
    });
    expect((await inspect(image.id)).Config.Env).toContain('WORD=a "b" $c');
  });

  test("that fails tells the step, its exit code and its last words, and leaves no container", async () => {
    const failure = await failureOf(
      ensure({ build: { inline: dockerfile("RUN echo before && echo broken && exit 7") } }),
    );
    expect(failure).toMatchObject({
      code: "failed_precondition",
      hint: "Correct this step; its last output was: broken",
      details: { step: 3, steps: 4, exitCode: 7, output: ["before", "broken"] },
    });
    expect(await withLabel("containers", testLabel)).toEqual([]);
  });

  test("of a malformed Dockerfile is refused", async () => {
    expect(await failureOf(ensure({ build: { inline: "FROM busybox\nFETCH x" } }))).toMatchObject({
      code: "invalid_argument",
    });
  });

  test("whose base is missing and never pulled is not found", async () => {
    expect((await failureOf(ensure({ build: { inline: "FROM cos.invalid/none" } }, { pull: "never" }))).code).toBe(
      "not_found",
    );
    expect((await failureOf(ensure({ build: { inline: "ARG X\nFROM $X" } }, { pull: "never" }))).code).toBe(
      "failed_precondition",
    );
    expect(builds()).toBe(0);
  });

  test("that is cancelled leaves no container and no image", async () => {
    const controller = new AbortController();
    const progress = ({ message }: ProgressEvent) => {
      if (message.includes("sleeping")) controller.abort();
    };
    const failure = await failureOf(
      ensure(
        { build: { inline: dockerfile(`RUN echo ${Date.now()} sleeping && sleep 300`) } },
        { signal: controller.signal, progress },
      ),
    );
    expect(failure.code).toBe("cancelled");
    const left = (await withLabel("images", `cos.instance=${signer.instance}`)).length;
    await vi.waitFor(async () => expect(await withLabel("containers", testLabel)).toEqual([]), { timeout: 20_000 });
    expect(await withLabel("images", `cos.instance=${signer.instance}`)).toHaveLength(left);
  });

  test("from outside the roots is denied, also by way of a link", async () => {
    symlinkSync("/etc", join(root, "link"));
    expect((await failureOf(ensure({ build: { context: "/etc" } }))).code).toBe("denied");
    expect((await failureOf(ensure({ build: { context: join(root, "link") } }))).code).toBe("denied");
    expect(sent).toEqual([]);
  });

  test("does not take an image that somebody else has tagged as ours", async () => {
    const build = { inline: dockerfile("RUN echo theirs") };
    const { id } = await ensure({ build });
    const tag = (await inspect(id)).RepoTags[0] ?? "";
    await images.remove(id);
    await engine("POST", `/images/busybox/tag?repo=${tag.split(":")[0]}&tag=${tag.split(":")[1]}`);
    expect((await failureOf(ensure({ build }))).code).toBe("conflict");
    await engine("DELETE", `/images/${tag}`);
  });

  test("may not set labels that are cos's own", async () => {
    const failure = await failureOf(ensure({ build: { inline: dockerfile("LABEL cos.extra=1") } }));
    expect(failure).toMatchObject({ code: "failed_precondition", details: { foreign: ["cos.extra"] } });
    expect(await withLabel("images", "cos.extra=1")).toEqual([]);
  });
});

describe("a provisioned base", () => {
  const provision = [
    `echo '${testLabel}' > /made`,
    'printf "%s\n" "$HOME" <<EOF\nx\nEOF\ntest "$(cat /made)" = "' + testLabel + '"',
  ];

  test("is made once from its steps and found again", async () => {
    const first = await ensure({ base: "busybox", provision });
    const { RepoTags, Config } = await inspect(first.id);
    expect(RepoTags[0]).toMatch(/^cos-cache:[0-9a-f]{32}$/);
    expect(fromLabels("image", RepoTags[0] ?? "", Config.Labels ?? {}, signer)).toMatchObject({
      status: "managed",
      labels: { image: "busybox" },
    });
    expect((await ensure({ base: "busybox:latest", provision })).id).toBe(first.id);
    expect(builds()).toBe(1);
    expect(first.config.command).toEqual(["sh"]);
  });

  test("that runs instructions of its own is refused", async () => {
    const base = await ensure({ build: { inline: dockerfile("ONBUILD RUN echo surprise") } });
    expect((await failureOf(ensure({ base: base.id, provision: ["true"] }))).code).toBe("failed_precondition");
  });
});

describe("the removal of an image", () => {
  test("takes its tags with it and succeeds when it is gone", async () => {
    const { id } = await ensure({ build: { inline: dockerfile("RUN echo removed") } });
    await engine("POST", `/images/${id}/tag?repo=cos-images-test&tag=extra`);
    await images.remove(id);
    expect(await inspect(id)).toHaveProperty("message");
    await images.remove(id);
  });

  test("is a conflict while an image is built on it", async () => {
    const { id } = await ensure({ build: { inline: dockerfile("RUN echo parent") } });
    await ensure({ base: id, provision: ["true"] });
    expect(await failureOf(images.remove(id))).toMatchObject({ code: "conflict" });
  });

  test.each(["busybox", "39a7ae43d463", "../containers/prune"])("needs a full id, not %j", async (name) => {
    expect((await failureOf(images.remove(name))).code).toBe("invalid_argument");
  });
});
