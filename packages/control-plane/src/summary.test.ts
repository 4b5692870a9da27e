import type { Container, ManagedLabels } from "@cos/core";
import { describe, expect, test } from "vitest";
import { containerSummary, formatState, isVisible, toSummary } from "./summary.ts";
import { agent, person } from "./testing/bench.ts";

const labels: ManagedLabels = {
  id: "0".repeat(32),
  owner: "agent",
  lifecycle: "ephemeral",
  name: "web",
  purpose: "",
  project: "",
  image: "busybox",
  createdAt: new Date("2026-01-01T00:00:00Z"),
  ttlSeconds: undefined,
  spec: '{"variables":{"PASSWORD":"hunter2"}}',
  specDigest: "d",
};

const container: Container = {
  id: "a".repeat(64),
  name: "cos-web",
  image: "busybox:latest",
  imageId: "sha256:1",
  state: "running",
  createdAt: labels.createdAt,
  labels: { "user.team": "a" },
  networks: ["bridge"],
  ports: [{ hostAddress: "127.0.0.1", hostPort: 8080, containerPort: 80, protocol: "tcp" }],
  ownership: { status: "managed", labels },
};

const owned = (owner: string): Container => ({
  ...container,
  ownership: { status: "managed", labels: { ...labels, owner } },
});
const foreign: Container = { ...container, ownership: { status: "foreign", instance: "f".repeat(16), owner: "agent" } };
const unmanaged: Container = { ...container, ownership: { status: "unmanaged" } };

describe("who sees a container", () => {
  test("people and cos itself see every one", () => {
    for (const kind of ["terminal", "script", "reaper"] as const) {
      for (const seen of [owned("agent"), owned("other"), foreign, unmanaged])
        expect(isVisible(seen, { ...person, kind })).toBe(true);
    }
  });

  test("agents see their own, other installations' and unmanaged ones, not another owner's", () => {
    for (const kind of ["stdio", "http"] as const) {
      const caller = { ...agent, kind };
      expect([owned("agent"), foreign, unmanaged].map((seen) => isVisible(seen, caller))).toEqual([true, true, true]);
      expect(
        [owned("other"), owned("agent2"), owned("Agent"), owned("")].map((seen) => isVisible(seen, caller)),
      ).toEqual([false, false, false, false]);
    }
  });
});

describe("a summary", () => {
  test("tells what an operation answers with, and fits its schema", () => {
    const told = { ...labels, purpose: "to serve", project: "shop", ttlSeconds: 60 };
    const summary = toSummary({
      ...container,
      state: "exited",
      exitCode: 3,
      ownership: { status: "managed", labels: told },
    });
    expect(containerSummary().parse(summary)).toEqual({
      id: container.id,
      name: "cos-web",
      image: "busybox",
      state: "exited",
      exitCode: 3,
      createdAt: "2026-01-01T00:00:00.000Z",
      ports: ["127.0.0.1:8080->80/tcp"],
      networks: ["bridge"],
      ownership: "managed",
      owner: "agent",
      lifecycle: "ephemeral",
      purpose: "to serve",
      project: "shop",
      expiresAt: "2026-01-01T00:01:00.000Z",
      labels: { "user.team": "a" },
    });
  });

  test("names the image that was asked for where the engine only shows an id", () => {
    const image = "sha256:".padEnd(71, "0");
    const built: Container = {
      ...container,
      image,
      ownership: { status: "managed", labels: { ...labels, image: "" } },
    };
    expect([{ ...container, image }, built, { ...unmanaged, image }].map((one) => toSummary(one).image)).toEqual([
      "busybox",
      image,
      image,
    ]);
  });

  test("never shows the spec, which may hold secrets", () => {
    expect(JSON.stringify(toSummary(container))).not.toContain("hunter2");
  });

  test("leaves out what there is not, and believes no label of what is not managed", () => {
    expect(Object.keys(toSummary(container))).not.toEqual(expect.arrayContaining(["purpose"]));
    for (const seen of [foreign, unmanaged]) {
      expect(Object.keys(toSummary(seen))).not.toContain("owner");
      expect(containerSummary().safeParse(toSummary(seen)).success).toBe(true);
    }
  });

  test("is one line in words", () => {
    expect(formatState(toSummary(container))).toBe(
      "aaaaaaaaaaaa  cos-web  busybox  running  agent  127.0.0.1:8080->80/tcp",
    );
    expect(formatState(toSummary({ ...unmanaged, state: "exited", exitCode: 0, ports: [] }))).toBe(
      "aaaaaaaaaaaa  cos-web  busybox:latest  exited (0)  unmanaged",
    );
  });
});
