import {
  type CallOptions,
  CosError,
  type DiskUsage,
  type Engine,
  type EngineCapabilities,
  type EngineEvent,
  type EngineInfo,
  type Signer,
} from "@cos/core";
import type { InfoBody } from "./api.ts";
import { Containers } from "./containers/containers.ts";
import { Removals } from "./containers/removals.ts";
import { readDiskUsage } from "./disk-usage.ts";
import { EventFeed } from "./event-feed.ts";
import { ContainerEvents } from "./events.ts";
import { type EngineFacts, toEngineInfo } from "./facts.ts";
import { HelperImage } from "./exec/helper-image.ts";
import { Images } from "./images/images.ts";
import { type JobContext, runJob } from "./job/run-job.ts";
import { DetachedJobs, startJob } from "./job/start-job.ts";
import { StartQueue } from "./job/start-queue.ts";
import { Networks } from "./networks/networks.ts";
import { type EngineClient, pingEngine } from "./transport/engine-client.ts";
import { Volumes } from "./volumes.ts";

export interface DockerEngineParts {
  readonly name: string;
  readonly client: EngineClient;
  readonly facts: EngineFacts;
  readonly signer: Signer;
  readonly env: NodeJS.ProcessEnv;
  readonly concurrentStarts: number;
  readonly helperImage?: string | undefined;
}

/** An {@link Engine} that speaks Docker's API. */
export class DockerEngine implements Engine {
  readonly name: string;
  readonly driver = "docker";
  readonly capabilities: EngineCapabilities;
  readonly containers: Containers;
  readonly images: Images;
  readonly networks: Networks;
  readonly volumes: Volumes;
  readonly jobs: Engine["jobs"];
  readonly #client: EngineClient;
  readonly #helperImage: HelperImage;
  readonly #feed: EventFeed;
  readonly #job: JobContext;
  readonly #running = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();

  constructor(parts: DockerEngineParts) {
    const { name, client, facts, signer, env, concurrentStarts } = parts;
    this.name = name;
    this.capabilities = facts.capabilities;
    this.#client = client;
    this.#feed = new EventFeed(client, signer);
    this.networks = new Networks(client, signer);
    this.volumes = new Volumes(client, signer);
    this.images = new Images({ client, signer, env });
    this.#job = {
      client,
      facts,
      signer,
      volumes: this.volumes,
      images: this.images,
      events: new ContainerEvents(client),
      removals: new Removals(client),
      queue: new StartQueue(concurrentStarts),
      detached: new DetachedJobs(client),
    };
    this.jobs = {
      run: (request, options) => this.#track(options, (tracked) => runJob(this.#job, request, tracked)),
      start: (request, options) => this.#track(options, (tracked) => startJob(this.#job, request, tracked)),
    };
    this.#helperImage = new HelperImage({
      client,
      images: this.images,
      name: parts.helperImage,
      local: facts.capabilities.localFiles,
    });
    this.containers = new Containers({
      ...this.#job,
      helperImage: this.#helperImage,
      inits: new Map(),
      track: (options, run) => this.#track(options, run),
    });
  }

  async ping({ signal }: CallOptions = {}): Promise<{ version: string; apiVersion: string; latencyMs: number }> {
    this.#assertOpen();
    const start = performance.now();
    const { server } = await pingEngine(this.#client.transport, { signal });
    return { version: toVersion(server), apiVersion: this.#client.apiVersion, latencyMs: performance.now() - start };
  }

  async info({ signal }: CallOptions = {}): Promise<EngineInfo> {
    this.#assertOpen();
    const [info, helper] = await Promise.all([
      this.#client.call<InfoBody>("GET", ["info"], { signal }),
      this.#helperImage.find(signal),
    ]);
    const source = helper === undefined ? undefined : "imageId" in helper ? helper.imageId : helper.program;
    return { ...toEngineInfo(info, this.#client.apiVersion), helperImage: source };
  }

  async diskUsage(options?: CallOptions): Promise<DiskUsage> {
    this.#assertOpen();
    return await readDiskUsage(this.#client, this.#job.signer, options);
  }

  async *events(options?: CallOptions): AsyncGenerator<EngineEvent> {
    this.#assertOpen();
    yield* this.#feed.listen(options);
  }

  async close({ handOver = false }: { readonly handOver?: boolean } = {}): Promise<void> {
    this.#closing.abort();
    this.#feed.close();
    this.#job.detached.close();
    await Promise.allSettled(this.#running);
    const { transport } = this.#client;
    const { removals } = this.#job;
    await (handOver && transport.deliversAfterClose ? removals.handedOver() : removals.settled());
    this.#job.events.close();
    transport.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Does what closing the engine cancels and waits for. */
  async #track<O extends CallOptions, T>(
    options: O | undefined,
    run: (options: Partial<O> & CallOptions) => Promise<T>,
  ): Promise<T> {
    this.#assertOpen();
    const closing = this.#closing.signal;
    const signal = options?.signal === undefined ? closing : AbortSignal.any([options.signal, closing]);
    const running = run({ ...(options as Partial<O>), signal });
    const settled = running.catch(() => undefined).finally(() => this.#running.delete(settled));
    this.#running.add(settled);
    return await running;
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw new CosError("unavailable", "The connection to the engine was closed.");
  }
}

/** `20.10.24+dfsg1` of `Docker/20.10.24+dfsg1 (linux)`. */
function toVersion(server: string): string {
  return /\/(\S+)/.exec(server)?.[1] ?? server;
}
