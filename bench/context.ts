import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ignore from "@balena/dockerignore";
import tar from "tar-fs";
import { makeManyFiles } from "./many-files.ts";
import { compare, milliseconds, report } from "./rounds.ts";

/** What the bench uses of a part that the package keeps to itself. */
interface Contexts {
  readonly BuildContext: {
    open(
      build: { context: string },
      roots: readonly string[],
    ): Promise<{
      readonly dockerfile: string;
      digest(): Promise<string>;
      pack(dockerfile: string, digest: string): AsyncIterable<Uint8Array>;
    }>;
  };
}
const source = new URL("../packages/docker/src/images/context.ts", import.meta.url);

/** A context of 20,000 files, half of them ignored: listed and packed by us and by tar-fs, each as builds use it. */
export async function benchContext(): Promise<void> {
  using files = makeManyFiles(20_000);
  const { root } = files;
  const { BuildContext } = (await import(source.href)) as Contexts;
  const open = () => BuildContext.open({ context: root }, [root]);
  const digest = await (await open()).digest();
  const expected = await sizeOf((await open()).pack("", digest));
  const check = (bytes: number) => {
    // A copy of the Dockerfile and a changed ignore file are all that is different.
    if (Math.abs(bytes - expected) > 8192) throw new Error(`${bytes} bytes came out instead of about ${expected}`);
  };
  const variants = (measure: (deed: () => Promise<void>) => Promise<number>) => ({
    "tar-fs": () =>
      measure(async () => {
        const rules = ignore.default().add(readFileSync(join(root, ".dockerignore"), "utf8"));
        const leftOut = (path: string) => path !== root && rules.ignores(relative(root, path));
        check(await sizeOf(tar.pack(root, { ignore: leftOut })));
      }),
    cos: () =>
      measure(async () => {
        const context = await open();
        check(await sizeOf(context.pack(context.dockerfile, digest)));
      }),
    "cos, for its digest": () =>
      measure(async () => {
        if ((await (await open()).digest()) !== digest) throw new Error("the digest changed");
      }),
  });
  const what = `packing a build context, ${Math.round(expected / 1e6)} MB of 20,000 files`;
  const must = { cos: "<= 0.167, 6 times as fast" };
  report(what, "ms", await compare(variants(milliseconds), 9), must);
  report(`${what}, CPU time`, "ms", await compare(variants(cpuMilliseconds), 9), must);
}

/** CPU time of this process and all its threads: on a busy machine it says more than the time on the wall. */
async function cpuMilliseconds(deed: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await deed();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function sizeOf(archive: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of archive) bytes += chunk.byteLength;
  return bytes;
}
