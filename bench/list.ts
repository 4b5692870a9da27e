import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createSigner, defineWorkload, type Engine } from "@cos/core";
import { connectDocker } from "@cos/docker";
import { compare, dockerCli, milliseconds, report } from "./rounds.ts";
import { runCommand } from "./spawn.ts";

const all = 500;
const few = 50;
/** Containers that are made or removed at a time. */
const concurrency = 8;

/**
 * The list of managed containers from a connected library, against `docker ps` with the same filter: where few of many
 * containers match, and where all do. They are made and never started.
 */
export async function benchList(): Promise<void> {
  const mark = `user.bench=${randomBytes(6).toString("hex")}`;
  await using engine = await connectDocker({ signer: createSigner(randomBytes(32)) });
  try {
    await repeat(few, () => makeManaged(engine));
    await repeat(all - few, () => makeOther(mark));
    await measure(engine, few, "<= 0.20");
    await removeOthers(mark);
    await repeat(all - few, () => makeManaged(engine));
    await measure(engine, all, "<= 0.40");
  } finally {
    await removeOthers(mark);
    const left = (await engine.containers.list({ managed: true })).values();
    await Promise.all(
      Array.from({ length: concurrency }, async () => {
        for (const { id } of left) await engine.containers.remove(id);
      }),
    );
  }
}

async function measure(engine: Engine, matching: number, must: string): Promise<void> {
  const ratios = await compare({
    "docker ps --filter label": () =>
      milliseconds(() => runCommand(dockerCli, ["ps", "--all", "--filter", "label=cos.managed=true"])),
    "cos library, warm": () =>
      milliseconds(async () => {
        const found = await engine.containers.list({ managed: true });
        if (found.length !== matching) throw new Error(`the list has ${found.length} containers, not ${matching}`);
      }),
  });
  report(`list by label, ${matching} of ${all} match`, "ms", ratios, { "cos library, warm": must });
}

async function makeManaged(engine: Engine): Promise<void> {
  const spec = defineWorkload({
    env: { image: "busybox" },
    command: "sleep 1",
    lifecycle: "persistent",
    name: `bench-${randomBytes(6).toString("hex")}`,
    pull: "never",
  });
  await engine.containers.create({ spec, owner: "bench" });
}

async function makeOther(mark: string): Promise<void> {
  await runCommand(dockerCli, ["create", "--label", mark, "busybox", "sleep", "1"]);
}

async function removeOthers(mark: string): Promise<void> {
  const ids = execFileSync(dockerCli, ["ps", "--all", "--quiet", "--filter", `label=${mark}`], { encoding: "utf8" })
    .split("\n")
    .filter((id) => id !== "");
  if (ids.length > 0) execFileSync(dockerCli, ["rm", "--force", ...ids], { stdio: "ignore" });
}

async function repeat(times: number, deed: () => Promise<void>): Promise<void> {
  let left = times;
  const work = async () => {
    while (left-- > 0) await deed();
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}
