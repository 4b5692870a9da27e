import { Readable } from "node:stream";
import { CosError, type ProgressSink } from "@cos/core";
import { loadDocker, withDeadline } from "../dockerode.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { readJsonLines } from "../transport/json-lines.ts";
import { type BuildLine, BuildOutput } from "./build-output.ts";
import type { BuildContext } from "./context.ts";

/** Longest build, in milliseconds: 30 minutes, which installs and compiles most things on two CPUs. */
const buildDeadlineMs = 30 * 60_000;
/** Memory of one step of a build, in bytes: as much as a job gets unless it asks for more. */
const buildMemoryBytes = 2 * 1024 ** 3;
/** CPU time of one step: two CPUs, as microseconds in each period of 100 ms. */
const buildCpu = { cpuperiod: 100_000, cpuquota: 200_000 };
/** Most bytes of build arguments as JSON: they travel on the request line, which engines limit to 1 MiB once encoded. */
const maxArgumentBytes = 128 * 1024;

export interface BuildRequest {
  readonly context: BuildContext;
  /** Digest of the context's files that are to be built. */
  readonly filesDigest: string;
  /** The Dockerfile's text. */
  readonly dockerfile: string;
  /** Name and tag of the result. */
  readonly tag: string;
  readonly arguments: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  /** Lets the engine pull the base images, without credentials: for those that cos cannot tell from the Dockerfile. */
  readonly refresh: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ProgressSink | undefined;
}

/**
 * Builds an image with the engine's classic builder, which every engine since 20.10 has and which takes the context as
 * a plain archive. Builds have the engine's default network, 2 GiB of memory, two CPUs and 30 minutes. A build that
 * fails or is cancelled leaves no container; finished steps stay in the engine's build cache, as with Docker.
 *
 * @returns the image's id, or undefined when the engine does not say it.
 * @throws CosError `failed_precondition` (a step failed), `invalid_argument` (the Dockerfile), `deadline_exceeded`,
 * `cancelled`, `unavailable`
 */
export async function buildImage(client: EngineClient, request: BuildRequest): Promise<string | undefined> {
  const { context, tag, target, refresh, signal, progress } = request;
  if (Buffer.byteLength(JSON.stringify(request.arguments)) > maxArgumentBytes) {
    throw new CosError("invalid_argument", "The build arguments have more than 128 KiB.", {
      hint: "Put large values into a file of the context.",
    });
  }
  const docker = await loadDocker(client);
  const output = new BuildOutput();
  return await withDeadline({ what: "The build", signal, deadlineMs: buildDeadlineMs }, async (call) => {
    const archive = Readable.from(context.pack(request.dockerfile, request.filesDigest, call.signal), {
      objectMode: false,
    });
    try {
      const answer = await docker.buildImage(archive, {
        version: "1",
        t: tag,
        dockerfile: context.dockerfilePath,
        buildargs: { ...request.arguments },
        ...(target === undefined ? {} : { target }),
        ...(refresh ? { pull: true } : {}),
        rm: true,
        forcerm: true,
        memory: buildMemoryBytes,
        memswap: buildMemoryBytes,
        ...buildCpu,
        abortSignal: call.signal,
      });
      for await (const line of readJsonLines(answer as AsyncIterable<Buffer>)) {
        for (const event of output.take(line as BuildLine)) progress?.(event);
      }
      return output.imageId;
    } finally {
      archive.destroy();
    }
  });
}
