import { randomBytes } from "node:crypto";
import { createSigner } from "@cos/core";
import { addContainer, createMemoryEngine, createMemoryHost } from "@cos/core/testing";
import { describe, expect, test } from "vitest";
import { agent, deciding, openBench } from "../testing/bench.ts";

/** A bench with one container that cos knows nothing of. */
function openWith(container: { readonly state?: "running" | "exited" } = {}) {
  const host = createMemoryHost();
  const id = addContainer(host, { name: "web", image: "nginx:1", ...container });
  const engine = createMemoryEngine({ signer: createSigner(randomBytes(32)), images: {}, host });
  const stateOf = () => host.containers.get(id)?.state;
  return {
    id,
    engine,
    stateOf,
    bench: openBench({ engine }),
    asking: openBench({ engine, policy: deciding("confirm") }),
  };
}

describe("container_stop", () => {
  test("ends a container and answers with what it is then", async () => {
    const { id, bench, stateOf } = openWith();
    const outcome = await bench.perform("container_stop", { container: "web", graceSeconds: 0 });
    expect(outcome).toMatchObject({ status: "done", result: { id, name: "web", state: "exited" } });
    expect(outcome).toMatchObject({ text: expect.stringMatching(/^stopped [0-9a-f]{12} {2}web {2}nginx:1/) });
    expect(stateOf()).toBe("exited");
  });

  test("of one that has ended succeeds", async () => {
    const { bench } = openWith({ state: "exited" });
    expect(await bench.perform("container_stop", { container: "web" })).toMatchObject({ status: "done" });
  });

  test("says before what it would do", async () => {
    const { asking, stateOf } = openWith();
    expect(await asking.perform("container_stop", { container: "web", graceSeconds: 5 })).toMatchObject({
      status: "confirm",
      preview: {
        text: expect.stringMatching(
          /^Stop container web \([0-9a-f]{12}\): image nginx:1, running, started 0 seconds ago, unmanaged, not made by cos here\.$/,
        ),
        changes: { action: "stop", graceSeconds: 5, container: { name: "web", image: "nginx:1", state: "running" } },
      },
    });
    expect(stateOf()).toBe("running");
  });
});

describe("container_restart", () => {
  test("starts a container anew, also one that had ended", async () => {
    for (const state of ["running", "exited"] as const) {
      const { id, bench, engine, stateOf } = openWith({ state });
      const before = (await engine.containers.get(id)).details?.stateDigest;
      expect(await bench.perform("container_restart", { container: "web" })).toMatchObject({ status: "done" });
      expect(stateOf()).toBe("running");
      expect((await engine.containers.get(id)).details?.stateDigest).not.toBe(before);
    }
  });

  test("that was confirmed is refused when somebody else restarted it in the meantime", async () => {
    const { id, asking, engine } = openWith();
    const previewed = await asking.perform("container_restart", { container: "web" }, { caller: agent });
    const confirmToken = previewed.status === "confirm" ? previewed.confirmToken : "";
    await engine.containers.restart(id, { graceSeconds: 0 });
    const again = { caller: agent, confirmToken };
    expect(await asking.perform("container_restart", { container: "web" }, again)).toMatchObject({ status: "denied" });
  });
});

describe("container_rm", () => {
  test("removes a container that has ended", async () => {
    const { bench, stateOf } = openWith({ state: "exited" });
    expect(await bench.perform("container_rm", { container: "web" })).toMatchObject({
      status: "done",
      text: expect.stringMatching(/^removed /),
    });
    expect(stateOf()).toBeUndefined();
  });

  test("refuses one that runs, unless it is forced", async () => {
    const { bench, stateOf } = openWith();
    await expect(bench.perform("container_rm", { container: "web" })).rejects.toMatchObject({ code: "conflict" });
    expect(stateOf()).toBe("running");
    expect(await bench.perform("container_rm", { container: "web", force: true })).toMatchObject({ status: "done" });
    expect(stateOf()).toBeUndefined();
  });

  test("says before what is lost, and that a running one is killed", async () => {
    const { asking } = openWith();
    const preview = async (force: boolean) => {
      const outcome = await asking.perform("container_rm", { container: "web", force });
      return outcome.status === "confirm" ? outcome.preview.text : "";
    };
    expect(await preview(true)).toContain("It runs and is killed first.");
    expect(await preview(false)).not.toContain("killed");
    expect(await preview(false)).toContain("are lost.");
  });
});
