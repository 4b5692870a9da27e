import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectDocker } from "@cos/docker";
// @boundaries-ignore the registry for tests is the driver's
import { Registry } from "../packages/docker/src/testing/registry.ts";
import { compare, dockerCli, milliseconds, report } from "./rounds.ts";
import { runCommand } from "./spawn.ts";

const layerBytes = 64 * 1024 * 1024;
const rounds = 5;

/** Pushing and pulling a layer of 64 MiB that nobody has yet, through the library and with the docker CLI. */
export async function benchTransfer(): Promise<void> {
  await using registry = await Registry.start();
  const directory = mkdtempSync(join(tmpdir(), "cos-bench-"));
  const env = { DOCKER_CONFIG: directory };
  writeFileSync(join(directory, "config.json"), registry.login());
  await using engine = await connectDocker({ env: { ...process.env, ...env } });
  const docker = (...args: string[]) => runCommand(dockerCli, args, { env: { ...env, DOCKER_BUILDKIT: "0" } });

  /** Does something with an image that only the engine has, or only the registry, and leaves neither with it. */
  async function withNewImage(where: "engine" | "registry", deed: (tag: string) => Promise<void>): Promise<number> {
    const tag = `${registry.domain}/bench/image:${randomBytes(6).toString("hex")}`;
    writeFileSync(join(directory, "data"), randomBytes(layerBytes));
    writeFileSync(join(directory, "Dockerfile"), 'FROM scratch\nCOPY data /\nCMD ["x"]\n');
    await docker("build", "--quiet", "--no-cache", "--tag", tag, directory);
    try {
      if (where === "registry") {
        await docker("push", "--quiet", tag);
        await docker("image", "rm", "--force", tag);
      }
      return await milliseconds(() => deed(tag));
    } finally {
      await docker("image", "rm", "--force", tag).catch(() => undefined);
    }
  }

  try {
    const pushes = await compare(
      {
        "docker push": () => withNewImage("engine", (tag) => docker("push", "--quiet", tag)),
        "cos library": () => withNewImage("engine", async (tag) => void (await engine.images.push(tag))),
      },
      rounds,
    );
    report("a push of 64 MiB to a registry on this machine", "ms", pushes, { "cos library": "about 1.0" });
    const pulls = await compare(
      {
        "docker pull": () => withNewImage("registry", (tag) => docker("pull", "--quiet", tag)),
        "cos library": () => withNewImage("registry", async (tag) => void (await engine.images.pull(tag))),
      },
      rounds,
    );
    report("a pull of 64 MiB from it", "ms", pulls, { "cos library": "about 1.0" });
  } finally {
    rmSync(directory, { recursive: true });
  }
}
