import { randomBytes } from "node:crypto";
import { createSigner } from "@cos/core";
import { addContainer, createMemoryEngine, createMemoryHost, fakeBusybox } from "@cos/core/testing";
import { definePolicy } from "@cos/policy";
import { describe, expect, test } from "vitest";
import { agent, deciding, openBench } from "../testing/bench.ts";

/** A bench by cos's own rules, with a network of the user's and one of the agent's. */
async function openWith() {
  const host = createMemoryHost();
  const images = { "busybox:latest": fakeBusybox };
  const engine = createMemoryEngine({ signer: createSigner(randomBytes(32)), images, host });
  const bench = openBench({ engine });
  await bench.perform("network_create", { name: "users", purpose: "the shop", egress: true });
  await bench.perform("network_create", { name: "agents" }, { caller: agent });
  return { host, engine, bench };
}

const namesIn = (outcome: object) =>
  (outcome as { result: { networks: { name: string }[] } }).result.networks.map(({ name }) => name);

describe("networks", () => {
  test("are made for their caller, and listed with what they are for", async () => {
    const { bench } = await openWith();
    expect(await bench.perform("network_list", {})).toMatchObject({
      status: "done",
      result: {
        networks: [
          { name: "cos-users", internal: false, ownership: "managed", owner: "user", purpose: "the shop" },
          { name: "cos-agents", internal: true, ownership: "managed", owner: "agent" },
        ],
      },
      text: expect.stringMatching(/^[0-9a-f]{12} {2}cos-users {2}leads out {2}user\n/),
    });
  });

  test("of other owners are not there for an agent", async () => {
    const { bench } = await openWith();
    expect(namesIn(await bench.perform("network_list", {}, { caller: agent }))).toEqual(["cos-agents"]);
    await expect(bench.perform("network_remove", { network: "users" }, { caller: agent })).rejects.toMatchObject({
      code: "not_found",
      hint: "List the networks to see what there is.",
    });
    const job = { image: "busybox", command: "echo hello", network: "users" };
    await expect(bench.perform("container_run", job, { caller: agent })).rejects.toMatchObject({ code: "not_found" });
    expect(await bench.perform("container_run", { ...job, network: "agents" }, { caller: agent })).toMatchObject({
      result: { stdout: "hello\n" },
    });
  });

  test.each(["users", "cos-users"])("are removed by the name %s", async (network) => {
    const { bench } = await openWith();
    expect(await bench.perform("network_remove", { network })).toMatchObject({ result: { name: "cos-users" } });
    expect(namesIn(await bench.perform("network_list", {}))).toEqual(["cos-agents"]);
    await expect(bench.perform("network_remove", { network })).rejects.toMatchObject({ code: "not_found" });
  });

  test("that a container is on, running or not, are not removed", async () => {
    for (const state of ["running", "exited", "created"] as const) {
      const { host, bench } = await openWith();
      addContainer(host, { name: "web", state, networks: ["cos-users"] });
      await expect(bench.perform("network_remove", { network: "users" })).rejects.toMatchObject({ code: "conflict" });
      expect(namesIn(await bench.perform("network_list", {}))).toContain("cos-users");
    }
  });

  test("are previewed with what they are and would be", async () => {
    const { engine } = await openWith();
    const asking = openBench({ engine, policy: deciding("confirm") });
    expect(await asking.perform("network_create", { name: "more", egress: true })).toMatchObject({
      preview: { text: "Make a network more. It leads out of the engine's host.", changes: { egress: true } },
    });
    expect(await asking.perform("network_remove", { network: "users" })).toMatchObject({
      preview: {
        text: expect.stringMatching(/^Remove network cos-users \([0-9a-f]{12}\), owned by user\.$/),
        changes: { action: "remove", network: { name: "cos-users" } },
      },
    });
    expect(await engine.networks.list()).toHaveLength(2);
  });

  test("can be told apart by rules: whether they lead out", async () => {
    const { engine } = await openWith();
    const policy = definePolicy([
      { name: "inside", operation: "network_create", egress: false, decision: "allow", reason: "It stays inside." },
    ]);
    const bench = openBench({ engine, policy });
    expect(await bench.perform("network_create", { name: "inside" })).toMatchObject({ status: "done" });
    expect(await bench.perform("network_create", { name: "out", egress: true })).toMatchObject({ status: "denied" });
  });
});
