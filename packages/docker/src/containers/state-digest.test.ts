import { expect, test } from "vitest";
import type { ContainerBody } from "../api.ts";
import { toDetails } from "./state-digest.ts";

const container = {
  Id: "c".repeat(64),
  Name: "/web",
  Created: "2026-01-01T00:00:00Z",
  Image: `sha256:${"1".repeat(64)}`,
  RestartCount: 0,
  State: {
    Status: "running",
    Running: true,
    OOMKilled: false,
    ExitCode: 0,
    Error: "",
    StartedAt: "2026-01-02T00:00:00.123456789Z",
    FinishedAt: "0001-01-01T00:00:00Z",
    Health: { Status: "healthy", FailingStreak: 0, Log: [] },
  },
  Config: { Image: "app", Tty: false, Env: ["A=1", "B=2"], Labels: { one: "1", two: "2" } },
  HostConfig: { Memory: 1024, Links: ["/a:/web/a", "/b:/web/b"], Mounts: [{ Target: "/x" }, { Target: "/y" }] },
  NetworkSettings: {
    Networks: { front: { NetworkID: "f".repeat(64), IPAddress: "172.18.0.2", EndpointID: "e".repeat(64) } },
  },
};
type Body = typeof container;

const detailsOf = (body: Body) => toDetails(body as ContainerBody);
const digestAfter = (change: (body: any) => unknown) => {
  const changed = structuredClone(container);
  change(changed);
  return detailsOf(changed).stateDigest;
};
const digest = detailsOf(container).stateDigest;

test.each<[string, (body: any) => unknown]>([
  ["its id", (body) => (body.Id = "d".repeat(64))],
  ["its name", (body) => (body.Name = "/other")],
  ["its image", (body) => (body.Image = `sha256:${"2".repeat(64)}`)],
  ["its configuration", (body) => (body.Config.Env = ["A=2", "B=2"])],
  ["the order of what it is configured with", (body) => body.Config.Env.reverse()],
  ["its labels", (body) => (body.Config.Labels.one = "2")],
  ["its limits", (body) => (body.HostConfig.Memory = 2048)],
  ["its privileges", (body) => (body.HostConfig.Privileged = true)],
  ["its links", (body) => body.HostConfig.Links.pop()],
  ["its mounts", (body) => body.HostConfig.Mounts.pop()],
  ["another network of the same name", (body) => (body.NetworkSettings.Networks.front.NetworkID = "a".repeat(64))],
  ["one more network", (body) => (body.NetworkSettings.Networks.back = { NetworkID: "b".repeat(64) })],
  ["a start", (body) => (body.State.StartedAt = "2026-01-02T00:00:00.123456790Z")],
])("the state digest changes with %s", (_what, change) => {
  expect(digestAfter(change)).not.toBe(digest);
});

test.each<[string, (body: any) => unknown]>([
  ["its health", (body) => (body.State.Health = { Status: "unhealthy", FailingStreak: 3, Log: [{ ExitCode: 1 }] })],
  ["its end", (body) => Object.assign(body.State, { Status: "exited", Running: false, ExitCode: 1 })],
  ["its addresses", (body) => (body.NetworkSettings.Networks.front.IPAddress = "172.18.0.9")],
  ["its endpoints", (body) => (body.NetworkSettings.Networks.front.EndpointID = "")],
  ["the order of its links", (body) => body.HostConfig.Links.reverse()],
  [
    "another way to write that there is nothing",
    (body) => Object.assign(body.HostConfig, { Dns: [], DnsSearch: null }),
  ],
  ["the order of its labels", (body) => (body.Config.Labels = { two: "2", one: "1" })],
])("the state digest does not change with %s", (_what, change) => {
  expect(digestAfter(change)).toBe(digest);
});

test("the time of a start counts, unless it was the engine's own", () => {
  const startedAt = (at: string, RestartCount: number) =>
    digestAfter((body: Body) => {
      body.State.StartedAt = at;
      body.RestartCount = RestartCount;
    });
  expect(startedAt("2026-01-03T00:00:00Z", 1)).toBe(startedAt("2026-01-04T00:00:00Z", 2));
  expect(startedAt("2026-01-03T00:00:00Z", 0)).not.toBe(startedAt("2026-01-04T00:00:00Z", 0));
});

test.each(["0001-01-01T00:00:00Z", ""])("a container that was never started (%j) has no start", (StartedAt) => {
  expect(detailsOf({ ...container, State: { ...container.State, StartedAt } }).startedAt).toBeUndefined();
});

test("a start is known to the millisecond", () => {
  expect(detailsOf(container).startedAt).toEqual(new Date("2026-01-02T00:00:00.123Z"));
});
