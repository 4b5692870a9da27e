import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Caller } from "@cos/control-plane";
import { createSigner, engineName, newObjectId, toLabels } from "@cos/core";
import { connectDocker } from "@cos/docker";
import type { Rule } from "@cos/policy";
import Docker from "dockerode";
import { controlPlaneOn } from "./control-plane.ts";
import { compare, dockerCli, milliseconds, report } from "./rounds.ts";
import { runCommand } from "./spawn.ts";

const allowed: Rule = { name: "gc", operation: "gc", decision: "allow", reason: "It is measured." };

const count = 500;
const caller: Caller = { kind: "script", name: "user", hostRoots: [] };
export const signer = createSigner(randomBytes(32));

/** `gc` of 500 containers that do not run, with its plan, policy and audit, against `docker rm` with all their ids. */
export async function benchGc(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "cos-bench-"));
  const engine = await connectDocker({ signer });
  try {
    const controlPlane = controlPlaneOn(engine, directory, [allowed]);
    const ratios = await compare(
      {
        "docker rm": async () => {
          const ids = await makeContainers();
          return await milliseconds(() =>
            runCommand(dockerCli, ["rm", ...ids], { stdout: ids.map((id) => `${id}\n`).join("") }),
          );
        },
        gc: async () => {
          await makeContainers();
          return await milliseconds(async () => {
            const outcome = await controlPlane.perform({ operation: "gc", input: {}, caller });
            const removed = outcome.status === "done" ? (outcome.result as { removed: unknown[] }).removed.length : 0;
            if (removed !== count) throw new Error(`gc removed ${removed}: ${JSON.stringify(outcome).slice(0, 500)}`);
          });
        },
      },
      7,
    );
    report(`gc of ${count} containers that do not run`, "ms", ratios);
    const [peer, own] = ratios;
    const perSecond = (ms = Number.NaN) => Math.round(count / (ms / 1000));
    console.log(
      `  removed per second: docker rm ${perSecond(peer?.median)}, gc ${perSecond(own?.median)}; throughput ${(1 / (own?.ratio ?? Number.NaN)).toFixed(2)}x   (must be >= 1.0)`,
    );
  } finally {
    for (const { id } of await engine.containers.list({ managed: true })) await engine.containers.remove(id);
    await engine.close();
    rmSync(directory, { recursive: true });
  }
}

/** Makes containers as cos would have made them two hours ago, and as if they had never been started. */
export async function makeContainers(): Promise<string[]> {
  const docker = new Docker();
  const rest = Array.from({ length: count }, () => newObjectId());
  const ids: string[] = [];
  const work = async () => {
    for (let id = rest.pop(); id !== undefined; id = rest.pop()) {
      const name = `job-${id.slice(0, 12)}`;
      const labels = toLabels(
        "container",
        {
          id,
          name,
          owner: "user",
          lifecycle: "ephemeral",
          purpose: "",
          project: "",
          image: "busybox",
          createdAt: new Date(Date.now() - 7_200_000),
          ttlSeconds: undefined,
          spec: "",
          specDigest: "",
        },
        signer,
      );
      const container = await docker.createContainer({
        name: engineName(name),
        Image: "busybox",
        Cmd: ["true"],
        Labels: labels,
        HostConfig: { NetworkMode: "none" },
      });
      ids.push(container.id);
    }
  };
  await Promise.all(Array.from({ length: 4 }, work));
  return ids;
}
