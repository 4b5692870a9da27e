import { constants } from "node:fs";
import { chmod, copyFile, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findImage } from "../images/find-image.ts";
import type { Images } from "../images/images.ts";
import type { EngineClient } from "../transport/engine-client.ts";

/** Where distributions keep a busybox that needs no libraries. */
const usualPrograms = ["/bin/busybox", "/usr/bin/busybox"];
const usualImage = "busybox:latest";
const dockerfile = "FROM scratch\nCOPY busybox /bin/busybox\n";

export interface HelperImageParts {
  readonly client: EngineClient;
  readonly images: Images;
  /** The image to use, by reference or id; it has `/bin/busybox`. `busybox:latest` unless set. */
  readonly name?: string | undefined;
  /** Whether the engine runs on this machine, so that programs from here run on it. */
  readonly local: boolean;
  /** Programs to build an image from; for tests. */
  readonly programs?: readonly string[] | undefined;
}

/** Where the image of helpers comes from. */
export type HelperImageSource = { readonly imageId: string } | { readonly program: string };

/**
 * The image of the containers that kill commands: one that the engine has, or one that is built from this machine's
 * own static busybox. Nothing is pulled. Once found it is known by its id, and stays the same.
 */
export class HelperImage {
  readonly #parts: HelperImageParts;
  #ensured: Promise<string | undefined> | undefined;

  constructor(parts: HelperImageParts) {
    this.#parts = parts;
  }

  /** Looks where the image would come from, and makes nothing. */
  async find(signal?: AbortSignal): Promise<HelperImageSource | undefined> {
    const { client, name, local, programs = usualPrograms } = this.#parts;
    const found = await findImage(client, name ?? usualImage, signal);
    if (found !== undefined) return { imageId: found.Id };
    if (name !== undefined || !local) return undefined;
    for (const program of programs) if (await isStatic(program)) return { program };
    return undefined;
  }

  /** The image's id; undefined when there is none and none can be built. @throws CosError when the engine fails. */
  async ensure(): Promise<string | undefined> {
    const ensuring = (this.#ensured ??= this.#ensure());
    const forget = () => {
      if (this.#ensured === ensuring) this.#ensured = undefined;
    };
    return await ensuring.then(
      (id) => {
        // One may be pulled meanwhile.
        if (id === undefined) forget();
        return id;
      },
      (error: unknown) => {
        forget();
        throw error;
      },
    );
  }

  /** The same, when the image has gone since. */
  async ensureAgain(): Promise<string | undefined> {
    this.#ensured = undefined;
    return await this.ensure();
  }

  async #ensure(): Promise<string | undefined> {
    const source = await this.find();
    if (source === undefined || "imageId" in source) return source?.imageId;
    const context = await mkdtemp(join(tmpdir(), "cos-busybox-"));
    try {
      await copyFile(source.program, join(context, "busybox"), constants.COPYFILE_FICLONE);
      await chmod(join(context, "busybox"), 0o755);
      const env = { build: { context, inline: dockerfile } };
      return (await this.#parts.images.ensure(env, { owner: "cos", hostRoots: [context], pull: "never" })).id;
    } finally {
      await rm(context, { recursive: true, force: true });
    }
  }
}

const programHeader = { table: 32, size: 54, count: 56, interpreter: 3 } as const;

/** Whether a file is a 64-bit little-endian ELF program that names no dynamic loader. */
async function isStatic(path: string): Promise<boolean> {
  try {
    const file = await open(path);
    try {
      const head = Buffer.alloc(4096);
      const { bytesRead } = await file.read(head, 0, head.byteLength, 0);
      if (bytesRead < 64 || head.toString("latin1", 0, 6) !== "\u007fELF\u0002\u0001") return false;
      const table = Number(head.readBigUInt64LE(programHeader.table));
      const [size, count] = [head.readUInt16LE(programHeader.size), head.readUInt16LE(programHeader.count)];
      if (table + size * count > bytesRead) return false;
      const types = Array.from({ length: count }, (_, index) => head.readUInt32LE(table + index * size));
      return count > 0 && !types.includes(programHeader.interpreter);
    } finally {
      await file.close();
    }
  } catch {
    return false;
  }
}
