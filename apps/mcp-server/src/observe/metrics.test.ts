import { type Caller, openControlPlane, type OpenControlPlane } from "@cos/control-plane";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "../testing/installation.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { observe } from "./observe.ts";

const caller: Caller = { kind: "http", name: "agent", hostRoots: [] };

let installation: Installation;
let controlPlane: OpenControlPlane;
let metrics: Metrics;
beforeAll(() => {
  installation = makeInstallation();
  const env = { ...installation.env, DOCKER_HOST: `unix://${installation.home}/no-engine.sock` };
  const inner = openControlPlane({ writer: "mcp", env });
  metrics = createMetrics({ engines: ["local", "elsewhere"], answers: inner.answers });
  controlPlane = observe(inner, [metrics.calls]);
});
afterAll(async () => {
  await controlPlane.close();
  installation.remove();
});

/** The samples of a metric, by its labels as they are written. */
async function read(name: string): Promise<Readonly<Record<string, number>>> {
  const lines = (await metrics.text()).split("\n");
  const samples = lines.map((line) => /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line)).filter((match) => match?.[1] === name);
  return Object.fromEntries(samples.map((match) => [match?.[2] ?? "", Number(match?.[3])]));
}

describe("metrics", () => {
  test("count calls by operation and how they ended, and time them", async () => {
    await controlPlane.perform({ operation: "ping", input: {}, caller }).catch(() => undefined);
    await controlPlane.perform({ operation: "container_rm", input: {}, caller }).catch(() => undefined);
    expect(await read("cos_calls_total")).toEqual({
      'operation="ping",status="failed",code="unavailable"': 1,
      'operation="container_rm",status="failed",code="invalid_argument"': 1,
    });
    expect(await read("cos_call_duration_seconds_count")).toEqual({
      'operation="ping"': 1,
      'operation="container_rm"': 1,
    });
    expect(await read("cos_calls_in_flight")).toEqual({ "": 0 });
  });

  test("have no labels that callers make up", async () => {
    for (let name = 0; name < 50; name += 1) {
      const call = { operation: `made-up-${name}`, input: {}, caller: { ...caller, name: `agent-${name}` } };
      await controlPlane.perform(call);
    }
    expect(await metrics.text()).not.toMatch(/made-up|agent-/);
    expect(await read("cos_calls_total")).toMatchObject({ 'operation="unknown",status="denied",code=""': 50 });
  });

  test("tell how many sessions there are, what was refused, and which engines answer", async () => {
    const session = { id: "1", caller };
    metrics.events.sessionOpened(session);
    metrics.events.sessionOpened(session);
    metrics.events.sessionClosed(session);
    metrics.events.refused({ why: "origin", status: 403 });
    expect(await read("cos_sessions_open")).toEqual({ "": 1 });
    expect(await read("cos_sessions_opened_total")).toEqual({ "": 2 });
    expect(await read("cos_requests_refused_total")).toEqual({ 'reason="origin"': 1 });
    expect(await read("cos_engine_up")).toEqual({ 'engine="local"': 0, 'engine="elsewhere"': 0 });
  });

  test("tell of the process what Prometheus expects of one", async () => {
    const [cpu] = Object.values(await read("process_cpu_seconds_total"));
    expect(cpu).toBeGreaterThan(0);
    const [start] = Object.values(await read("process_start_time_seconds"));
    expect(start).toBeLessThan(Date.now() / 1000);
    expect(metrics.contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
  });
});
