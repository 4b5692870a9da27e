import { setImmediate as nextTurn } from "node:timers/promises";
import { collectArtifacts } from "../artifacts.ts";
import type { CallOptions } from "../call-options.ts";
import type { Engine } from "../engine.ts";
import type { EngineCapabilities } from "../engine-info.ts";
import { CosError } from "../errors.ts";
import {
  assertDetachable,
  assertIsJob,
  type JobHandle,
  type JobOptions,
  type JobRequest,
  type JobResult,
  type StartOptions,
} from "../job.ts";
import type { Signer } from "../labels.ts";
import type { ContainerRequest, CreateOptions } from "../lifecycle.ts";
import type { EnvSpec } from "../spec/environment.ts";
import { openSecrets, textsWithSecrets } from "../secrets.ts";
import { parseByteSize } from "../spec/sizes.ts";
import { type MemoryContainer, memoryContainers } from "./memory-containers.ts";
import { createContainer } from "./memory-create.ts";
import { memoryEvents } from "./memory-events.ts";
import { type MemoryImage, memoryImages } from "./memory-images.ts";
import { readFiles, toFiles, writeFiles } from "./memory-files.ts";
import { type MemoryProgram, runProgram } from "./memory-job.ts";
import { type MemoryNetwork, memoryNetworks } from "./memory-networks.ts";
import { toDiskUsage } from "./memory-usage.ts";
import { openMounts } from "./memory-mounts.ts";
import { type MemoryVolume, memoryVolumes } from "./memory-volumes.ts";
import { WatchedMap } from "./watched-map.ts";

/** What engines that are connected to the same place share. Made by {@link createMemoryHost}. */
export interface MemoryHost {
  readonly containers: WatchedMap<MemoryContainer>;
  readonly networks: Map<string, MemoryNetwork>;
  readonly images: Map<string, MemoryImage>;
  readonly volumes: Map<string, MemoryVolume>;
}

export interface MemoryEngineOptions {
  readonly signer: Signer;
  /** What there is to run, by image reference. Nothing else can be pulled. */
  readonly images: Readonly<Record<string, MemoryProgram>>;
  /** The engine's name; `memory` unless set. */
  readonly name?: string;
  /** Where containers and volumes live; a place of its own unless set. */
  readonly host?: MemoryHost;
}

export function createMemoryHost(): MemoryHost {
  return { containers: new WatchedMap(), networks: new Map(), images: new Map(), volumes: new Map() };
}

const version = { version: "1.0.0", apiVersion: "1.0" };

const capabilities: EngineCapabilities = {
  cpus: 4,
  memoryBytes: 8 * 1024 ** 3,
  limits: { cpus: true, memory: true, pids: true },
  build: false,
  localFiles: true,
};

/** An engine for tests: its images are functions, and everything it keeps is in memory. */
export function createMemoryEngine({
  signer,
  images,
  name = "memory",
  host = createMemoryHost(),
}: MemoryEngineOptions): Engine {
  const removals = new Set<Promise<void>>();
  const closing = new AbortController();
  let closed = false;

  function enter({ signal }: CallOptions = {}): void {
    if (closed)
      throw new CosError("unavailable", `The connection to engine ${name} is closed.`, { hint: "Connect again." });
    if (signal?.aborted) throw new CosError("cancelled", "The call was cancelled.");
  }

  const ofImages = memoryImages({ ...host, name, programs: images, signer, enter });

  function findImage(env: EnvSpec) {
    const { id, tags, program } = ofImages.get(env);
    if (program !== undefined) return { id, reference: tags[0] ?? id, program };
    throw new CosError("failed_precondition", `Nothing can be run from ${tags[0] ?? id}.`, {
      hint: "Name another image.",
    });
  }

  function startRemoval({ id }: MemoryContainer): void {
    const removal = nextTurn().then(() => {
      host.containers.delete(id);
      removals.delete(removal);
    });
    removals.add(removal);
  }

  /** Makes a container that runs its program when it is started. */
  async function create(request: ContainerRequest, options: CreateOptions = {}): Promise<string> {
    enter(options);
    const secrets = await openSecrets(textsWithSecrets(request.spec), request.secrets);
    assertLimits(request.spec.limits);
    const image = findImage(request.spec.env);
    options.progress?.({ phase: "create", message: "Creating the container" });
    enter(options);
    const container = createContainer(request, image, host, signer);
    const mounts = openMounts(request, host.volumes, signer);
    const variables = secrets.valuesOf(request.spec.variables);
    const workload = { program: image.program, spec: request.spec, variables, mounts, files: container.files };
    host.containers.set(container.id, { ...container, workload, log: [] });
    await writeFiles(container.files, "/", toFiles(request.spec, secrets));
    return container.id;
  }

  async function run(request: JobRequest, options: JobOptions = {}): Promise<JobResult> {
    assertIsJob(request.spec);
    enter(options);
    const { spec, outputBytes } = request;
    const secrets = await openSecrets(textsWithSecrets(spec), request.secrets);
    assertLimits(spec.limits);
    const called = performance.now();
    if (spec.pull === "always") options.progress?.({ phase: "pull", message: `Pulling ${spec.env.image}` });
    const image = findImage(spec.env);
    const pulled = performance.now();
    options.progress?.({ phase: "create", message: "Creating the container" });
    enter(options);
    const container = {
      ...createContainer(request, image, host, signer),
      state: "running" as const,
      starts: [new Date()],
      kill: new AbortController(),
    };
    const mounts = openMounts(request, host.volumes, signer);
    host.containers.set(container.id, container);
    try {
      await writeFiles(container.files, "/", toFiles(spec, secrets));
      options.progress?.({ phase: "start", message: `Starting ${container.name}` });
      enter(options);
      const started = performance.now();
      const ending = await runProgram(image.program, {
        spec,
        variables: secrets.valuesOf(spec.variables),
        redaction: secrets.redaction,
        mounts,
        files: container.files,
        outputBytes,
        options,
        kill: container.kill,
      });
      const ranMs = performance.now() - started;
      const { artifacts } = spec;
      const read = async function* (path: string) {
        yield* readFiles(container.files, path);
      };
      const left =
        artifacts.length === 0
          ? {}
          : ending.killedBy === "cancel"
            ? { artifacts: [], missingArtifacts: artifacts }
            : await collectArtifacts(artifacts, read, { sink: options.artifacts, redaction: secrets.redaction });
      return {
        containerId: container.id,
        name: container.name,
        imageId: image.id,
        exitCode: ending.exitCode,
        ...(ending.signal === undefined ? {} : { signal: ending.signal }),
        stdout: ending.stdout.text(),
        stderr: ending.stderr.text(),
        stdoutCutBytes: ending.stdout.cutBytes,
        stderrCutBytes: ending.stderr.cutBytes,
        timedOut: ending.killedBy === "timeout",
        oomKilled: ending.killedBy === "memory",
        cancelled: ending.killedBy === "cancel",
        outputLost: false,
        ...left,
        durations: {
          queuedMs: 0,
          pulledMs: pulled - called,
          createdMs: started - pulled,
          ranMs,
        },
      };
    } finally {
      startRemoval(container);
    }
  }

  const containers = memoryContainers({
    containers: host.containers,
    signer,
    enter,
    create,
    closing: closing.signal,
    programOf: ({ image }) => ofImages.get({ image }).program,
  });

  async function start(request: JobRequest, options: StartOptions = {}): Promise<JobHandle> {
    assertDetachable(request.spec);
    const containerId = await create(request, options);
    options.progress?.({ phase: "start", message: "Starting" });
    await containers.start(containerId, options);
    const { name: called, imageId, details } = await containers.get(containerId, options);
    return { containerId, name: called, imageId, startedAt: details?.startedAt ?? new Date() };
  }

  async function close(): Promise<void> {
    closed = true;
    closing.abort();
    await Promise.all(removals);
  }

  return {
    name,
    driver: "memory",
    capabilities,
    async ping(options) {
      enter(options);
      return { ...version, latencyMs: 0 };
    },
    async info(options) {
      enter(options);
      const system = {
        os: "linux",
        architecture: process.arch,
        kernel: "none",
        cgroupVersion: "2",
        cgroupDriver: "none",
        rootless: false,
      };
      const storage = { storageDriver: "memory", dataRoot: "memory", liveRestore: false };
      return { ...version, ...system, ...storage, securityOptions: [], components: [], warnings: [] };
    },
    async diskUsage(options) {
      enter(options);
      return toDiskUsage({ ...host, images: await ofImages.methods.list({}, options) }, signer);
    },
    async *events(options) {
      enter(options);
      yield* memoryEvents({ containers: host.containers, signer, closing: closing.signal }, options);
    },
    jobs: { run, start },
    containers,
    images: ofImages.methods,
    networks: memoryNetworks({ ...host, signer, enter }),
    volumes: memoryVolumes({ ...host, signer, enter }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function assertLimits(limits: JobRequest["spec"]["limits"]): void {
  if ((limits.cpus ?? 0) > capabilities.cpus) {
    throw new CosError("failed_precondition", `The engine has ${capabilities.cpus} CPUs, fewer than asked for.`, {
      hint: `Ask for at most ${capabilities.cpus}.`,
    });
  }
  if (limits.memory !== undefined && parseByteSize(limits.memory) > capabilities.memoryBytes) {
    throw new CosError("failed_precondition", `The engine has less memory than the ${limits.memory} asked for.`, {
      hint: `Ask for at most ${capabilities.memoryBytes / 1024 ** 2}m.`,
    });
  }
}
