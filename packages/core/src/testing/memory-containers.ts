import { digestOf } from "../canonical.ts";
import type { CallOptions } from "../call-options.ts";
import type { EngineContainers, StopOptions } from "../engine-containers.ts";
import { CosError } from "../errors.ts";
import { fullTag } from "../image.ts";
import { toExactTime } from "../exact-time.ts";
import { fromLabels, isEngineName, newObjectId, type Signer, userLabels } from "../labels.ts";
import type { ContainerRequest, CreateOptions } from "../lifecycle.ts";
import type { Container, ContainerDetails, ContainerHealth, ContainerState } from "../resources.ts";
import { toConfiguration } from "./memory-configuration.ts";
import { assertFree } from "./memory-create.ts";
import { createFiles, type MemoryFiles, readFiles, writeFiles } from "./memory-files.ts";
import { execInMemory } from "./memory-exec.ts";
import type { KillReason, MemoryProgram } from "./memory-job.ts";
import { type MemoryWorkload, start, waitFor } from "./memory-lifecycle.ts";
import { type MemoryLine, readMemoryLog } from "./memory-logs.ts";
import { toStats } from "./memory-usage.ts";
import type { WatchedMap } from "./watched-map.ts";

export interface MemoryContainer extends Omit<Container, "labels" | "ownership" | "details"> {
  readonly allLabels: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  /** When it was started, each time. */
  readonly starts: readonly Date[];
  readonly previousEndAt?: Date | undefined;
  /** What it runs, of containers that can be started. */
  readonly workload?: MemoryWorkload | undefined;
  readonly files: MemoryFiles;
  readonly health?: ContainerHealth | undefined;
  /** Kills the program of a job, or of a container that was started. Containers without a program have none. */
  readonly kill?: AbortController | undefined;
  /** What it has written; undefined when that is not kept, as of jobs. */
  readonly log?: readonly MemoryLine[] | undefined;
}

/** A container as somebody else would have made it. */
export interface AddedContainer {
  /** Its whole name on the engine. */
  readonly name: string;
  readonly image?: string;
  /** Labels of any kind; none unless set, so that nobody owns it. */
  readonly labels?: Readonly<Record<string, string>>;
  /** `running` unless set. */
  readonly state?: ContainerState;
  /** Names of networks; `bridge` unless set. */
  readonly networks?: readonly string[];
  readonly logs?: readonly MemoryLine[];
}

/**
 * Puts a container without a program on a host: it runs until it is stopped.
 *
 * @returns its id.
 */
export function addContainer(
  { containers }: { readonly containers: Map<string, MemoryContainer> },
  { name, image = "somebody/app", labels = {}, state = "running", networks = ["bridge"], logs = [] }: AddedContainer,
): string {
  const id = newObjectId() + newObjectId();
  const now = new Date();
  containers.set(id, {
    id,
    name,
    image,
    imageId: `sha256:${digestOf(fullTag(image))}`,
    state,
    createdAt: now,
    ...(state === "exited" || state === "dead" ? { finishedAt: now, exitCode: 0 } : {}),
    networks,
    ports: [],
    allLabels: labels,
    volumes: [],
    starts: state === "created" ? [] : [now],
    files: createFiles(),
    log: logs.map((line) => ({ time: toExactTime(now), ...line })),
  });
  return id;
}

export interface MemoryContainersParts {
  readonly containers: WatchedMap<MemoryContainer>;
  readonly signer: Signer;
  /** Throws when the connection is closed or the call cancelled. */
  readonly enter: (options?: CallOptions) => void;
  /** Aborts when the connection closes. */
  readonly closing: AbortSignal;
  /** The image of a container as a program. Throws when there is no such image. */
  readonly programOf: (container: MemoryContainer) => MemoryProgram | undefined;
  /** Makes a container and returns its id. */
  readonly create: (request: ContainerRequest, options?: CreateOptions) => Promise<string>;
}

/** The containers of an in-memory engine. */
export function memoryContainers(parts: MemoryContainersParts): EngineContainers {
  const { containers, signer, enter, create } = parts;
  function find(id: string): MemoryContainer {
    const container = containers.get(id);
    if (container !== undefined) return container;
    throw new CosError("not_found", `There is no container ${id}.`, {
      hint: "List the containers to see what there is.",
    });
  }

  function show({
    allLabels,
    volumes: _volumes,
    starts: _starts,
    previousEndAt: _previousEndAt,
    kill: _kill,
    log: _log,
    workload: _workload,
    files: _files,
    health: _health,
    ...shown
  }: MemoryContainer): Container {
    return {
      ...shown,
      labels: userLabels(allLabels),
      ownership: fromLabels("container", shown.name, allLabels, signer),
    };
  }

  function end(container: MemoryContainer): void {
    container.kill?.abort("stop" satisfies KillReason);
    containers.set(container.id, { ...container, state: "exited", finishedAt: new Date(), exitCode: 137 });
  }

  return {
    async list({ managed = false } = {}, { sizes = false, ...options } = {}) {
      enter(options);
      const all = [...containers.values()].map(show).map((shown) => (sizes ? { ...shown, sizeBytes: 0 } : shown));
      return managed ? all.filter(({ ownership }) => ownership.status === "managed") : all;
    },
    async get(id, options) {
      enter(options);
      assertFullId(id);
      const container = find(id);
      return { ...show(container), details: toDetails(container) };
    },
    async create(request, options) {
      return await this.get(await create(request, options), options);
    },
    async exec(id, request, options = {}) {
      enter(options);
      assertFullId(id);
      const container = find(id);
      return await execInMemory(container, parts.programOf, request, options, parts.closing);
    },
    async recover(options) {
      enter(options);
      return [];
    },
    async start(id, options) {
      enter(options);
      assertFullId(id);
      const container = find(id);
      if (isAlive(container)) return;
      assertStartable(container);
      start(containers, container);
    },
    async rename(id, name, options) {
      enter(options);
      assertFullId(id);
      if (!isEngineName(name)) {
        throw new CosError("invalid_argument", "Containers get no other names than cos gives.", {
          hint: 'Expected a name like "cos-web".',
        });
      }
      const container = find(id);
      if (container.name === name) return;
      assertFree(name, containers);
      containers.set(id, { ...container, name });
    },
    async wait(id, options) {
      enter(options);
      assertFullId(id);
      return await waitFor(() => find(id), containers, options);
    },
    async stop(id, options) {
      enter(options);
      assertFullId(id);
      assertGrace(options);
      const container = containers.get(id);
      if (container !== undefined && isAlive(container)) end(container);
    },
    async kill(id, { killSignal = "SIGKILL", ...options } = {}) {
      enter(options);
      assertFullId(id);
      if (!/^SIG[A-Z0-9]{1,10}$/.test(killSignal)) {
        throw new CosError("invalid_argument", "There is no such signal.", { hint: "Expected a name like SIGTERM." });
      }
      const container = containers.get(id);
      if (container !== undefined && isAlive(container)) end(container);
    },
    async restart(id, options) {
      enter(options);
      assertFullId(id);
      assertGrace(options);
      const container = find(id);
      assertStartable(container);
      if (isAlive(container)) end(container);
      start(containers, find(id));
    },
    async remove(id, { force = true, ...options } = {}) {
      enter(options);
      assertFullId(id);
      const container = containers.get(id);
      if (container !== undefined && isAlive(container)) {
        if (!force) throw new CosError("conflict", "The container has not ended.", { hint: "Stop it first." });
        end(container);
      }
      containers.delete(id);
    },
    async *readFiles(id, path, { limitBytes, ...options } = {}) {
      enter(options);
      assertFullId(id);
      for (const entry of readFiles(find(id).files, path, limitBytes)) {
        enter(options);
        yield entry;
      }
    },
    async writeFiles(id, directory, entries, options) {
      enter(options);
      assertFullId(id);
      return await writeFiles(find(id).files, directory, entries);
    },
    async stats(id, options) {
      enter(options);
      assertFullId(id);
      return toStats(find(id));
    },
    async *logs(id, options = {}) {
      enter(options);
      assertFullId(id);
      find(id);
      const look = () => {
        enter(options);
        const container = containers.get(id);
        const runs = container !== undefined && isAlive(container);
        return { log: container?.log, runs, starts: container?.starts ?? [] };
      };
      yield* readMemoryLog(look, options);
    },
  };
}

export function isAlive({ state }: MemoryContainer): boolean {
  return state === "running" || state === "paused" || state === "restarting";
}

/** @throws CosError `failed_precondition` for a job's, which runs only once. */
function assertStartable({ kill, workload }: MemoryContainer): void {
  if (kill !== undefined && workload === undefined) {
    throw new CosError("failed_precondition", "A job runs only once.", { hint: "Run it again." });
  }
}

function toDetails(container: MemoryContainer): ContainerDetails {
  return {
    startedAt: container.starts.at(-1),
    previousEndAt: isAlive(container) ? container.previousEndAt : undefined,
    stateDigest: stateDigestOf(container),
    health: isAlive(container) ? container.health : undefined,
    restarts: 0,
    oomKilled: false,
    configuration: toConfiguration(container),
  };
}

function stateDigestOf({ id, name, imageId, allLabels, networks, starts }: MemoryContainer): string {
  return digestOf({ id, name, imageId, allLabels, networks, starts: starts.map((start) => start.toISOString()) });
}

function assertFullId(id: string): void {
  if (/^[0-9a-f]{64}$/.test(id)) return;
  throw new CosError("invalid_argument", "Containers are addressed by their full id.", {
    hint: "Expected 64 hex digits.",
  });
}

function assertGrace({ graceSeconds = 10 }: StopOptions = {}): void {
  if (Number.isInteger(graceSeconds) && graceSeconds >= 0 && graceSeconds <= 3600) return;
  throw new CosError("invalid_argument", "graceSeconds is out of range.", {
    hint: "Expected an integer from 0 to 3600.",
  });
}
