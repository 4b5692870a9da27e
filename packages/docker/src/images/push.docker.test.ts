import { randomBytes } from "node:crypto";
import { createSigner } from "@cos/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseEndpoint } from "../endpoint/endpoint.ts";
import { type Fault, FaultProxy } from "../testing/fault-proxy.ts";
import { callEngine, enginePath } from "../testing/raw-engine.ts";
import { EngineClient } from "../transport/engine-client.ts";
import { Transport } from "../transport/transport.ts";
import { Images } from "./images.ts";

const tag = `127.0.0.1:1/cos-test/push-${randomBytes(4).toString("hex")}:1`;
let proxy: FaultProxy;
let transport: Transport;
let images: Images;

beforeAll(async () => {
  proxy = await FaultProxy.start(enginePath());
  transport = Transport.create(parseEndpoint(proxy.host));
  const client = new EngineClient(transport, "1.41");
  images = new Images({ client, signer: createSigner(randomBytes(32)), env: { DOCKER_CONFIG: "/nonexistent" } });
  const [repo, number] = [tag.slice(0, -2), "1"];
  await callEngine("POST", `/images/busybox:latest/tag?repo=${encodeURIComponent(repo)}&tag=${number}`);
});
afterAll(async () => {
  await images.removeTag(tag);
  transport.close();
  await proxy[Symbol.asyncDispose]();
});

const push = /^POST \/images\/.*\/push/;
const line = { status: "The push refers to repository [x]" };

test.each<[string, Fault, object]>([
  [
    "says in the middle that it failed",
    { kind: "answer", status: 200, body: { error: "denied: requested access to the resource is denied" } },
    { code: "denied", message: expect.stringContaining("does not let this user push") },
  ],
  [
    "ends without a word of the digest",
    { kind: "answer", status: 200, body: line },
    { code: "unavailable", details: { unknown: true } },
  ],
  [
    "names a digest that is none",
    { kind: "answer", status: 200, body: { aux: { Digest: "sha256:../../x" } } },
    { code: "unavailable" },
  ],
  ["is refused", { kind: "answer", status: 500, body: { message: "no basic auth credentials" } }, { code: "denied" }],
  ["breaks off in the middle", { kind: "cut-answer", bodyBytes: 10 }, { code: "unavailable" }],
  ["never begins", { kind: "drop-sent" }, { code: "unavailable" }],
])("a push whose answer %s has failed", async (_, fault, failure) => {
  proxy.script(push, fault);
  await expect(images.push(tag)).rejects.toMatchObject(failure);
});

test("a push names one tag, with its registry encoded in the path", async () => {
  await expect(images.push(tag)).rejects.toMatchObject({ code: "unavailable" });
  expect(proxy.requests.at(-1)).toBe(
    `POST /images/127.0.0.1%3A1/${tag.split("/").slice(1).join("/").slice(0, -2)}/push?tag=1`,
  );
});
