import { fileURLToPath } from "node:url";
import { connectDocker } from "@cos/docker";
import { makeManyFiles } from "./many-files.ts";
import { compare, dockerCli, milliseconds, report } from "./rounds.ts";
import { runCommand } from "./spawn.ts";

const cos = fileURLToPath(new URL("../apps/cli/dist/main.js", import.meta.url));
const tags = { docker: "cos-bench-docker:1", call: "cos-bench/call:1", process: "cos-bench/process:1" };

/** A build of which everything is cached: through the library and as a process, against the classic docker CLI. */
export async function benchBuild(): Promise<void> {
  await using engine = await connectDocker();
  for (const [files, rounds] of [
    [200, 9],
    [20_000, 3],
  ] as const) {
    using context = makeManyFiles(files);
    const { root } = context;
    const classic = ["build", "--quiet", "--tag", tags.docker, root];
    const withCos = [cos, "image", "build", "--quiet", "--tag", tags.process, root];
    try {
      const ratios = await compare(
        {
          "docker build, classic": () =>
            milliseconds(() => runCommand(dockerCli, classic, { env: { DOCKER_BUILDKIT: "0" } })),
          "cos library": () =>
            milliseconds(async () => {
              await engine.images.build(
                { env: { build: { context: root } }, tag: tags.call, owner: "bench" },
                { hostRoots: [root] },
              );
            }),
          "cos image build": () => milliseconds(() => runCommand(process.execPath, withCos, { cwd: root })),
        },
        rounds,
      );
      report(`a cached build, ${files} files of which half are ignored`, "ms", ratios, {
        "cos library": "<= 1.0",
        "cos image build": "<= 1.0",
      });
    } finally {
      await runCommand(dockerCli, ["image", "rm", "--force", tags.docker]).catch(() => undefined);
      for (const tag of [tags.call, tags.process]) {
        const image = await engine.images.find(tag);
        if (image !== undefined) await engine.images.remove(image.id);
      }
    }
  }
}
