import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { setImmediate as breathe } from "node:timers/promises";
import { type BuildSpec, CosError } from "@cos/core";
import { resolveHostPath } from "../host-paths.ts";
import { type GivenFile, packContextFiles, packGivenFile } from "./context-archive.ts";
import { type ContextFile, listContextFiles, readContextText } from "./context-files.ts";
import { IgnoreRules } from "./dockerignore.ts";
import { tarEnd } from "../tar/tar-header.ts";

/** Largest Dockerfile or ignore file, in bytes. */
const maxTextBytes = 1024 * 1024;
/** Bytes that are packed at a time, with the event loop waiting: about a millisecond. */
const packBytes = 1024 * 1024;
/**
 * Pieces on their way to the engine at a time. Streams ask for one more while they send one, and are done with a piece
 * before they begin the next.
 */
const sentPieces = 3;
const ignoreFile = ".dockerignore";

interface PackOptions {
  readonly signal?: AbortSignal | undefined;
  /** See {@link packContextFiles}. */
  readonly memoryPieces: number;
}

/**
 * What a build works on: a Dockerfile, and the files of a directory that its ignore file does not exclude. As with
 * Docker, `<dockerfile>.dockerignore` counts instead of `.dockerignore` where it exists.
 *
 * The Dockerfile is sent as a copy under a name of its own that `COPY` does not see, so it can be sent with additions.
 */
export class BuildContext {
  /** The Dockerfile's text. */
  readonly dockerfile: string;
  /** Where the copy of the Dockerfile lies in the archive. */
  readonly dockerfilePath: string;
  readonly #root: string;
  readonly #files: readonly ContextFile[];
  readonly #ignoreFile: GivenFile;

  private constructor(dockerfile: string, root: string, files: readonly ContextFile[], ignoreText: Buffer | undefined) {
    this.dockerfile = dockerfile;
    this.#root = root;
    this.#files = files;
    this.dockerfilePath = freeName(files);
    const kept = files.some(({ path }) => path === ignoreFile) ? ignoreText : undefined;
    const hidden = kept === undefined ? `${ignoreFile}\n` : "\n";
    this.#ignoreFile = {
      path: ignoreFile,
      content: Buffer.concat([kept ?? Buffer.alloc(0), Buffer.from(`${hidden}${this.dockerfilePath}\n`)]),
    };
  }

  /**
   * @param roots directories below which the context must lie.
   * @throws CosError `denied`, `not_found` (no such directory or Dockerfile), `invalid_argument` (too large, malformed)
   */
  static async open(build: BuildSpec, roots: readonly string[], signal?: AbortSignal): Promise<BuildContext> {
    if (build.context === undefined) return BuildContext.inline(build.inline ?? "");
    const root = await resolveHostPath(build.context, roots);
    if (!statSync(root).isDirectory()) {
      throw new CosError("invalid_argument", `The build context ${JSON.stringify(build.context)} is not a directory.`);
    }
    const named = build.dockerfile ?? "Dockerfile";
    const text = build.inline ?? readContextText(root, named, maxTextBytes)?.toString("utf8");
    if (text === undefined) {
      throw new CosError("not_found", `The build context has no ${JSON.stringify(named)}.`, {
        hint: "Name the Dockerfile by its path in the context, or give its text inline.",
      });
    }
    const own = build.inline === undefined ? readContextText(root, `${named}${ignoreFile}`, maxTextBytes) : undefined;
    const common = readContextText(root, ignoreFile, maxTextBytes);
    const rules = IgnoreRules.parse((own ?? common)?.toString("utf8") ?? "");
    return new BuildContext(text, root, await listContextFiles(root, { rules, signal }), common);
  }

  /** A context without files. */
  static inline(dockerfile: string): BuildContext {
    return new BuildContext(dockerfile, "", [], undefined);
  }

  /** SHA-256 of all files as hex: of names, modes and contents. The Dockerfile's copy is not among them. */
  async digest(signal?: AbortSignal): Promise<string> {
    const hash = createHash("sha256");
    for await (const piece of this.#packFiles({ signal, memoryPieces: 1 })) hash.update(piece);
    return hash.digest("hex");
  }

  /**
   * The archive for the builder, provided that the files still have the digest that was taken before. Otherwise it
   * breaks off, so that nothing is built from it. A piece stays as it is until the third after it is asked for.
   *
   * @param dockerfile the text to send as the Dockerfile.
   * @throws CosError `failed_precondition`, `cancelled`
   */
  async *pack(dockerfile: string, digest: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
    yield packGivenFile({ path: this.dockerfilePath, content: Buffer.from(dockerfile) });
    const hash = createHash("sha256");
    for await (const chunk of this.#packFiles({ signal, memoryPieces: sentPieces })) {
      hash.update(chunk);
      yield chunk;
    }
    if (hash.digest("hex") !== digest) {
      throw new CosError("failed_precondition", "The build context changed while it was read.", {
        hint: "Try again when nothing writes to it.",
      });
    }
    yield tarEnd;
  }

  async *#packFiles({ signal, memoryPieces }: PackOptions): AsyncGenerator<Buffer> {
    yield packGivenFile(this.#ignoreFile);
    const files = this.#files.filter(({ path }) => path !== ignoreFile);
    for (const piece of packContextFiles(this.#root, files, { pieceBytes: packBytes, memoryPieces })) {
      yield piece;
      await breathe();
      if (signal?.aborted === true) throw new CosError("cancelled", "The build was cancelled.");
    }
  }
}

function freeName(files: readonly ContextFile[]): string {
  const taken = new Set(files.map(({ path }) => path));
  let name = ".cos-dockerfile";
  for (let number = 2; taken.has(name); number++) name = `.cos-dockerfile-${number}`;
  return name;
}
