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
  const ratios = await compare(
    {
      "tar-fs": () =>
        milliseconds(async () => {
          const rules = ignore.default().add(readFileSync(join(root, ".dockerignore"), "utf8"));
          const leftOut = (path: string) => path !== root && rules.ignores(relative(root, path));
          check(await sizeOf(tar.pack(root, { ignore: leftOut })));
        }),
      cos: () =>
        milliseconds(async () => {
          const context = await open();
          check(await sizeOf(context.pack(context.dockerfile, digest)));
        }),
      "cos, for its digest": () =>
        milliseconds(async () => {
          if ((await (await open()).digest()) !== digest) throw new Error("the digest changed");
        }),
    },
    9,
  );
  const megabytes = `${Math.round(expected / 1e6)} MB of 20,000 files`;
  report(`packing a build context, ${megabytes}`, "ms", ratios, { cos: "<= 0.167, 6 times as fast" });
}

async function sizeOf(archive: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of archive) bytes += chunk.byteLength;
  return bytes;
}
