import { randomBytes } from "node:crypto";
import { createSigner, defineWorkload, ensureService } from "@cos/core";
import { connectDocker } from "@cos/docker";

// Whoever has the key finds the service again, also after a restart: keep it.
const key = randomBytes(32);
const engine = await connectDocker({ signer: createSigner(key) });

const service = (greeting: string) => ({
  owner: "me",
  spec: defineWorkload({
    env: { image: "busybox" },
    lifecycle: "persistent",
    name: "library-example",
    network: "none",
    variables: { GREETING: greeting },
    command: "echo $GREETING; exec sleep 600",
  }),
});

const { status, container } = await ensureService(engine, service("hello"));
console.log(status, container.name);

const { drift } = await ensureService(engine, service("good evening"));
console.log(drift);

const replaced = await ensureService(engine, { ...service("good evening"), recreate: true });
console.log(replaced.status);

await engine.containers.remove(replaced.container.id);
await engine.close();
