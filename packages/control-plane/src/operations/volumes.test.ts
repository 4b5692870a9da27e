import { randomBytes } from "node:crypto";
import { createSigner } from "@cos/core";
import { createMemoryEngine, createMemoryHost, fakeBusybox } from "@cos/core/testing";
import { describe, expect, test } from "vitest";
import { agent, deciding, openBench } from "../testing/bench.ts";

const signer = createSigner(randomBytes(32));
const other = { ...agent, name: "other" };

function open() {
  const host = createMemoryHost();
  const engine = createMemoryEngine({ signer, images: { "busybox:latest": fakeBusybox }, host });
  host.volumes.set("somebodys", { labels: {}, files: new Map(), createdAt: new Date(0) });
  return { host, engine, bench: openBench({ engine }), asking: openBench({ engine, policy: deciding("confirm") }) };
}

describe("volume_create", () => {
  test("makes a volume once, and answers with it again", async () => {
    const { bench } = open();
    const input = { name: "cache", purpose: "packages", project: "shop" };
    const made = { name: "cos-cache", owner: "agent", purpose: "packages", project: "shop", ownership: "managed" };
    const perform = (caller = agent) => bench.perform("volume_create", input, { caller });
    expect(await perform()).toMatchObject({
      result: { ...made, created: true },
      text: "made cos-cache  agent  packages",
    });
    expect(await perform()).toMatchObject({ result: { ...made, created: false } });
    await expect(perform(other)).rejects.toMatchObject({ code: "already_exists" });
  });

  test.each([{ driver: "local" }, { driverOpts: { device: "/etc" } }, { options: {} }, { labels: {} }])(
    "takes no options: not %j",
    async (more) => {
      const { bench } = open();
      await expect(bench.perform("volume_create", { name: "x", ...more })).rejects.toMatchObject({
        code: "invalid_argument",
      });
    },
  );
});

test("volume_list shows agents their own volumes and unmanaged ones", async () => {
  const { bench } = open();
  await bench.perform("volume_create", { name: "mine" }, { caller: agent });
  await bench.perform("volume_create", { name: "theirs" }, { caller: other });
  expect(await bench.perform("volume_list", {}, { caller: agent })).toMatchObject({
    text: "somebodys  unmanaged\ncos-mine  agent",
  });
  expect(await bench.perform("volume_list", { managed: true })).toMatchObject({
    result: { volumes: [{ name: "cos-mine", createdAt: expect.any(String) }, { name: "cos-theirs" }] },
  });
});

describe("volume_remove", () => {
  test("removes a volume by either name, and says before that its data is lost", async () => {
    const { asking, bench, host } = open();
    for (const volume of ["mine", "cos-mine"]) {
      await bench.perform("volume_create", { name: "mine" }, { caller: agent });
      expect(await asking.perform("volume_remove", { volume }, { caller: agent })).toMatchObject({
        preview: { text: "Remove volume cos-mine, owned by agent. Everything in it is lost." },
      });
      expect(await bench.perform("volume_remove", { volume }, { caller: agent })).toMatchObject({
        text: "removed cos-mine  agent",
      });
      expect(host.volumes.has("cos-mine")).toBe(false);
    }
  });

  test("that was confirmed is refused when another volume has the name now", async () => {
    const { asking, bench } = open();
    const input = { volume: "mine" };
    await bench.perform("volume_create", { name: "mine" }, { caller: agent });
    const previewed = await asking.perform("volume_remove", input, { caller: agent });
    await bench.perform("volume_remove", input, { caller: agent });
    await bench.perform("volume_create", { name: "mine" }, { caller: agent });
    const confirmToken = previewed.status === "confirm" ? previewed.confirmToken : "";
    expect(await asking.perform("volume_remove", input, { caller: agent, confirmToken })).toMatchObject({
      status: "denied",
    });
  });

  test("of another agent's is answered as if it were not there", async () => {
    const { bench } = open();
    await bench.perform("volume_create", { name: "theirs" }, { caller: other });
    await expect(bench.perform("volume_remove", { volume: "theirs" }, { caller: agent })).rejects.toMatchObject({
      code: "not_found",
    });
  });

  test("is refused while a container mounts it, and names the container", async () => {
    const { bench, engine, host } = open();
    await bench.perform("volume_create", { name: "mine" }, { caller: agent });
    const mounts = [{ type: "volume", name: "mine", target: "/data" }];
    const stop = new AbortController();
    const input = { image: "busybox", command: "echo ready; sleep 60", mounts, name: "job" };
    const ready = new Promise<void>((resolve) => {
      void bench
        .perform("container_run", input, { caller: agent, output: () => resolve(), signal: stop.signal })
        .catch(() => undefined);
    });
    await ready;
    await expect(bench.perform("volume_remove", { volume: "mine" }, { caller: agent })).rejects.toMatchObject({
      code: "conflict",
      message: "Containers use the volume cos-mine: cos-job.",
    });
    expect(host.volumes.has("cos-mine")).toBe(true);
    stop.abort();
    await engine.close();
  });
});
