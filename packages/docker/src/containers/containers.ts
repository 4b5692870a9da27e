import {
  type CallOptions,
  type Container,
  type ContainerRequest,
  type ContainerStats,
  type CreateOptions,
  type FileEntry,
  type FileToWrite,
  type ExecOptions,
  type ExecRequest,
  type ExecResult,
  fromLabels,
  type KillOptions,
  type ListOptions,
  type LogChunk,
  type LogOptions,
  managedLabel,
  type ReadFilesOptions,
  type RemoveOptions,
  type Signer,
  type StopOptions,
  userLabels,
  type WaitOptions,
  type WaitResult,
} from "@cos/core";
import type { ContainerBody, ContainerRow } from "../api.ts";
import { readFiles } from "../archive/read-files.ts";
import { writeFiles } from "../archive/write-files.ts";
import { recoverHalted } from "../exec/recover.ts";
import { type ExecContext, runExec } from "../exec/run-exec.ts";
import type { StartQueue } from "../job/start-queue.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { inspectContainer } from "./inspect.ts";
import { createIdle, type CreateIdleContext } from "./create-idle.ts";
import { killContainer, renameContainer, restartContainer, startContainer, stopContainer } from "./lifecycle.ts";
import { readLogs } from "./logs.ts";
import { removeContainer } from "./removals.ts";
import { toState } from "./state.ts";
import { readStats } from "./stats.ts";
import { toDetails } from "./state-digest.ts";
import { waitForContainer } from "./wait.ts";

export interface ContainersContext extends CreateIdleContext, ExecContext {
  readonly queue: StartQueue;
  /** Does what closing the engine cancels and waits for. */
  readonly track: <T>(options: ExecOptions | undefined, run: (options: ExecOptions) => Promise<T>) => Promise<T>;
}

/** How long an engine may take to look at the files of containers, in milliseconds. */
const sizesDeadlineMs = 5 * 60_000;

/** The containers of an engine, in any state. */
export class Containers {
  readonly #client: EngineClient;
  readonly #signer: Signer;
  readonly #context: ContainersContext;

  constructor(context: ContainersContext) {
    this.#client = context.client;
    this.#signer = context.signer;
    this.#context = context;
  }

  async list(
    { managed = false }: { readonly managed?: boolean } = {},
    { signal, sizes = false }: ListOptions = {},
  ): Promise<Container[]> {
    const filters = managed ? JSON.stringify({ label: [`${managedLabel.name}=${managedLabel.value}`] }) : undefined;
    const rows = await this.#client.call<ContainerRow[]>("GET", ["containers", "json"], {
      query: { all: true, filters, size: sizes ? true : undefined },
      ...(sizes ? { deadlineMs: sizesDeadlineMs } : {}),
      signal,
    });
    const containers = rows.map((row) => fromRow(row, this.#signer));
    return managed ? containers.filter(({ ownership }) => ownership.status === "managed") : containers;
  }

  async get(id: string, { signal }: CallOptions = {}): Promise<Container> {
    return fromBody(await inspectContainer(this.#client, id, signal), this.#signer);
  }

  async create(request: ContainerRequest, options: CreateOptions = {}): Promise<Container> {
    return await this.get(await createIdle(this.#context, request, options), options);
  }

  async start(id: string, options?: CallOptions): Promise<void> {
    await startContainer(this.#context, id, options);
  }

  async rename(id: string, name: string, options?: CallOptions): Promise<void> {
    await renameContainer(this.#client, id, name, options);
  }

  async wait(id: string, options: WaitOptions): Promise<WaitResult> {
    return await waitForContainer(this.#client, id, options);
  }

  async stop(id: string, options?: StopOptions): Promise<void> {
    await stopContainer(this.#client, id, options);
  }

  async kill(id: string, options?: KillOptions): Promise<void> {
    await killContainer(this.#client, id, options);
  }

  async restart(id: string, options?: StopOptions): Promise<void> {
    await restartContainer(this.#client, id, options);
  }

  async remove(id: string, options?: RemoveOptions): Promise<void> {
    await removeContainer(this.#client, id, options);
  }

  readFiles(id: string, path: string, options?: ReadFilesOptions): AsyncIterable<FileEntry> {
    return readFiles(this.#client, id, path, options);
  }

  async writeFiles(
    id: string,
    directory: string,
    entries: AsyncIterable<FileToWrite> | Iterable<FileToWrite>,
    options?: CallOptions,
  ): Promise<{ files: number; bytes: number }> {
    return await writeFiles(this.#client, id, directory, entries, options);
  }

  async stats(id: string, options?: CallOptions): Promise<ContainerStats> {
    return await readStats(this.#client, id, options);
  }

  logs(id: string, options?: LogOptions): AsyncIterable<LogChunk> {
    return readLogs(this.#client, id, options);
  }

  async exec(id: string, request: ExecRequest, options?: ExecOptions): Promise<ExecResult> {
    return await this.#context.track(options, (tracked) => runExec(this.#context, id, request, tracked));
  }

  async recover({ signal }: CallOptions = {}): Promise<string[]> {
    return await recoverHalted(this.#context, signal);
  }
}

function fromRow(row: ContainerRow, signer: Signer): Container {
  const labels = row.Labels ?? {};
  const name = plainName(row.Names?.[0]);
  const exitCode = /^Exited \(([0-9]+)\)/.exec(row.Status)?.[1];
  return {
    id: row.Id,
    name,
    image: row.Image,
    imageId: row.ImageID,
    state: toState(row.State),
    createdAt: new Date(row.Created * 1000),
    exitCode: exitCode === undefined ? undefined : Number(exitCode),
    sizeBytes: row.SizeRootFs === undefined ? undefined : (row.SizeRw ?? 0),
    labels: userLabels(labels),
    networks: Object.keys(row.NetworkSettings?.Networks ?? {}),
    ports: (row.Ports ?? []).flatMap((port) =>
      port.PublicPort === undefined
        ? []
        : [
            {
              hostAddress: port.IP ?? "",
              hostPort: port.PublicPort,
              containerPort: port.PrivatePort,
              protocol: port.Type === "udp" ? ("udp" as const) : ("tcp" as const),
            },
          ],
    ),
    ownership: fromLabels("container", name, labels, signer),
  };
}

function fromBody(body: ContainerBody, signer: Signer): Container {
  const labels = body.Config.Labels ?? {};
  const name = plainName(body.Name);
  const ended = body.State.Status === "exited" || body.State.Status === "dead";
  return {
    id: body.Id,
    name,
    image: body.Config.Image,
    imageId: body.Image,
    state: toState(body.State.Status),
    createdAt: new Date(body.Created),
    finishedAt: ended ? new Date(body.State.FinishedAt) : undefined,
    exitCode: ended ? body.State.ExitCode : undefined,
    labels: userLabels(labels),
    networks: Object.keys(body.NetworkSettings.Networks ?? {}),
    ports: Object.entries(body.NetworkSettings.Ports ?? {}).flatMap(([key, bindings]) => {
      const [port, protocol] = key.split("/");
      return (bindings ?? []).map(({ HostIp, HostPort }) => ({
        hostAddress: HostIp,
        hostPort: Number(HostPort),
        containerPort: Number(port),
        protocol: protocol === "udp" ? ("udp" as const) : ("tcp" as const),
      }));
    }),
    ownership: fromLabels("container", name, labels, signer),
    details: toDetails(body),
  };
}

function plainName(name: string | undefined): string {
  return (name ?? "").replace(/^\//, "");
}
