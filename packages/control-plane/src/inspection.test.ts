import type { Container, ContainerDetails } from "@cos/core";
import { describe, expect, test } from "vitest";
import { formatBytes } from "./format-bytes.ts";
import { formatInspection } from "./format-inspection.ts";
import { containerInspection, toInspection } from "./inspection.ts";

const details: ContainerDetails = {
  stateDigest: "0".repeat(64),
  restarts: 0,
  oomKilled: false,
  configuration: {
    entrypoint: [],
    command: ["run"],
    workingDir: "/",
    user: "",
    variables: [],
    limits: {},
    mounts: [],
    addresses: [{ network: "bridge", ipv4: undefined }],
    hardening: {
      privileged: false,
      readOnlyRoot: false,
      noNewPrivileges: true,
      addedCapabilities: [],
      droppedCapabilities: ["ALL"],
      sharedNamespaces: [],
      devices: [],
    },
    logDriver: "json-file",
  },
};

const container: Container = {
  id: "a".repeat(64),
  name: "web",
  image: "nginx:1",
  imageId: `sha256:${"b".repeat(64)}`,
  state: "running",
  createdAt: new Date(0),
  labels: {},
  networks: ["bridge"],
  ports: [],
  ownership: { status: "unmanaged" },
};

/** A container whose configuration has other parts. */
const inspect = (parts: Partial<ContainerDetails["configuration"]>, more: Partial<Container> = {}) =>
  toInspection({ ...container, ...more }, { ...details, configuration: { ...details.configuration, ...parts } });

const managedWith = (spec: object): Container["ownership"] => ({
  status: "managed",
  labels: {
    id: "1",
    owner: "user",
    lifecycle: "persistent",
    name: "web",
    purpose: "",
    project: "",
    image: "nginx:1",
    createdAt: new Date(0),
    ttlSeconds: undefined,
    spec: JSON.stringify(spec),
    specDigest: "d".repeat(64),
  },
});

describe("an inspection", () => {
  test("is what its schema says", () => {
    expect(containerInspection().parse(inspect({}))).toEqual(inspect({}));
  });

  test("moves no cursor, whoever wrote what it shows", () => {
    const evil = "\u001b[2Jgone\u202e";
    const shown = inspect(
      { command: [evil], user: evil, mounts: [{ type: evil, source: evil, target: evil, readOnly: true }] },
      { labels: { [`user.${evil}`]: evil } },
    );
    expect(JSON.stringify(shown)).not.toMatch(/[^\\]\\u001b|\u202e/);
    expect(shown.command).toEqual(["\\u001b[2Jgone\\u202e"]);
  });

  test("begins no line that is not cos's own", () => {
    const text = formatInspection(
      inspect({ user: "root\nHardening\n  privileged  no" }, { labels: { "user.a": "b\nc" } }),
    );
    expect(text.match(/^Hardening$/gm)).toHaveLength(1);
    expect(text).toContain("user.a=b\\nc");
  });

  test("is of bounded size, and says when it was cut", () => {
    const shown = inspect({
      command: ["x".repeat(100_000)],
      variables: Array.from({ length: 1000 }, (_, at) => `V${at}`),
    });
    expect(shown.shortened).toBe(true);
    expect(shown.command[0]?.length).toBe(4097);
    expect(shown.variables).toHaveLength(256);
    expect(inspect({}).shortened).toBe(false);
  });

  test("hides in the spec whatever could be secret, and keeps references", () => {
    const spec = {
      env: { build: { inline: "FROM x", arguments: { KEY: "hunter22" } } },
      variables: { A: "hunter22", B: "secret://B" },
      files: [
        { path: "/in", content: "hunter22" },
        { path: "/key", content: "secret://KEY" },
      ],
    };
    const shown = inspect({}, { ownership: managedWith(spec) });
    expect(shown.spec).toEqual({
      env: { build: { inline: "FROM x", arguments: { KEY: "[hidden]" } } },
      variables: { A: "[hidden]", B: "secret://B" },
      files: [
        { path: "/in", content: "[hidden]" },
        { path: "/key", content: "secret://KEY" },
      ],
    });
  });
});

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1 KiB"],
  [1536, "1.5 KiB"],
  [64 * 1024 ** 2, "64 MiB"],
  [3 * 1024 ** 5, "3072 TiB"],
])("%i bytes are written %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
