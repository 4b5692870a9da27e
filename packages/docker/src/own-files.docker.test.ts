import { dirname } from "node:path";
import { defineWorkload } from "@cos/core";
import { expect, test } from "vitest";
import { connectDocker } from "./connect.ts";

const host = process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock";
const socket = host.replace(/^unix:\/\//, "");

test.each([socket, dirname(socket), "/"])("a job is not given %s, though every path is allowed", async (source) => {
  await using engine = await connectDocker({ host });
  const mounts = [{ type: "bind" as const, source, target: "/host" }];
  const spec = defineWorkload({ env: { image: "busybox" }, command: "ls /host", mounts });
  await expect(engine.jobs.run({ spec, owner: "own-files-test", hostRoots: ["/"] })).rejects.toMatchObject({
    code: "denied",
    message: expect.stringContaining("container engine"),
  });
});
