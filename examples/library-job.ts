import { defineWorkload } from "@cos/core";
import { connectDocker } from "@cos/docker";

const engine = await connectDocker();
const { exitCode, stdout } = await engine.jobs.run({
  spec: defineWorkload({ env: { image: "busybox" }, command: "echo hello && id -u" }),
  owner: "me",
});
console.log(exitCode, stdout);
await engine.close();
