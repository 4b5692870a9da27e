import { describe, expect, test } from "vitest";
import { mountSpec } from "./mounts.ts";

describe("a mount", () => {
  test.each([
    { type: "volume", name: "data", target: "/data" },
    { type: "volume", name: "data", target: "/data", readOnly: true },
    { type: "tmpfs", target: "/scratch" },
    { type: "tmpfs", target: "/scratch", size: "1g" },
    { type: "bind", source: ".", target: "/src" },
    { type: "bind", source: "/srv/data", target: "/data", readOnly: false },
  ])("may be %j", (mount) => expect(mountSpec.parse(mount)).toEqual(mount));

  test.each([
    {},
    { type: "npipe", source: "a", target: "/data" },
    { type: "volume", target: "/data" },
    { type: "volume", name: "/etc", target: "/data" },
    { type: "volume", name: "../data", target: "/data" },
    { type: "volume", name: "data" },
    { type: "volume", name: "data", source: "/etc", target: "/data" },
    { type: "volume", name: "data", target: "/data", driver: "local" },
    { type: "volume", name: "data", target: "/data", readOnly: "true" },
    { type: "tmpfs", target: "/scratch", size: 1024 },
    { type: "tmpfs", target: "/scratch", size: "0" },
    { type: "tmpfs", target: "/scratch", size: "65g" },
    { type: "tmpfs", target: "/scratch", options: "exec" },
    { type: "bind", source: "", target: "/data" },
    { type: "bind", target: "/data" },
    { type: "bind", source: "/srv", target: "/data", propagation: "rshared" },
    { type: "bind", source: "/srv", target: "/etc" },
    { type: "bind", source: "/srv", target: "data" },
    "/srv:/data",
    ["volume", "data", "/data"],
    null,
  ])("is not %j", (mount) => expect(mountSpec.safeParse(mount).success).toBe(false));
});
