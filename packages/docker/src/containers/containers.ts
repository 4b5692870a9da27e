import {
  type CallOptions,
  type Container,
  type ContainerState,
  CosError,
  fromLabels,
  managedLabel,
  type Signer,
  userLabels,
} from "@cos/core";
import type { ContainerBody, ContainerRow } from "../api.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { removeContainer } from "./removals.ts";

/** The containers of an engine, in any state. */
export class Containers {
  readonly #client: EngineClient;
  readonly #signer: Signer;

  constructor(client: EngineClient, signer: Signer) {
    this.#client = client;
    this.#signer = signer;
  }

  async list(filter: { readonly managed?: boolean } = {}, { signal }: CallOptions = {}): Promise<Container[]> {
    const filters =
      filter.managed === true ? JSON.stringify({ label: [`${managedLabel.name}=${managedLabel.value}`] }) : undefined;
    const rows = await this.#client.call<ContainerRow[]>("GET", ["containers", "json"], {
      query: { all: true, filters },
      signal,
    });
    const containers = rows.map((row) => fromRow(row, this.#signer));
    return filter.managed === true ? containers.filter(({ ownership }) => ownership.status === "managed") : containers;
  }

  async get(id: string, { signal }: CallOptions = {}): Promise<Container> {
    try {
      return fromBody(
        await this.#client.call<ContainerBody>("GET", ["containers", id, "json"], { signal }),
        this.#signer,
      );
    } catch (error) {
      if (refusalStatus(error) !== 404) throw error;
      throw new CosError("not_found", `There is no container ${JSON.stringify(id)}.`, {
        hint: "List them: cos ps --all",
      });
    }
  }

  async remove(id: string, { signal }: CallOptions = {}): Promise<void> {
    await removeContainer(this.#client, id, signal);
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
  };
}

function plainName(name: string | undefined): string {
  return (name ?? "").replace(/^\//, "");
}

const states: ReadonlySet<string> = new Set([
  "created",
  "running",
  "paused",
  "restarting",
  "removing",
  "exited",
  "dead",
]);

/** Podman says "configured" and "stopped" where Docker says "created" and "exited". */
function toState(state: string): ContainerState {
  if (states.has(state)) return state as ContainerState;
  return state === "configured" || state === "initialized" ? "created" : state === "stopped" ? "exited" : "dead";
}
