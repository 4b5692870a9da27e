import * as http from "node:http";
import { text } from "node:stream/consumers";
import { parseEndpoint } from "../endpoint/endpoint.ts";

/** The unix socket of the engine that the tests run on. */
export function enginePath(): string {
  const endpoint = parseEndpoint(process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock");
  if (endpoint.kind !== "unix") throw new Error("these tests need an engine on a unix socket");
  return endpoint.path;
}

/** A call past cos, to look at the engine, to act on it, and to clean up. */
export async function callEngine<T>(
  method: string,
  path: string,
  body?: unknown,
  socketPath = enginePath(),
): Promise<T> {
  return await new Promise((resolve, reject) => {
    const request = http.request(
      {
        socketPath,
        method,
        path: `/v1.41${path}`,
        headers: body === undefined ? {} : { "content-type": "application/json" },
      },
      (response) => {
        text(response).then((answer) => resolve((answer === "" ? undefined : JSON.parse(answer)) as T), reject);
      },
    );
    request.on("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}

export interface RawContainer {
  readonly name?: string;
  /** What its shell runs, below an init that passes signals on. */
  readonly command: string;
  /** More of the body of a create, e.g. `{ Tty: true }`. */
  readonly body?: Readonly<Record<string, unknown>>;
  readonly hostConfig?: Readonly<Record<string, unknown>>;
}

/** Creates a container of busybox that cos knows nothing of, with a label `name=value`. Resolves with its id. */
export async function createRawContainer(
  label: string,
  { name, command, body = {}, hostConfig = {} }: RawContainer,
  socketPath?: string,
): Promise<string> {
  const [key = "", value = ""] = label.split("=");
  const { Id, message } = await callEngine<{ Id?: string; message?: string }>(
    "POST",
    `/containers/create${name === undefined ? "" : `?name=${name}`}`,
    {
      Image: "busybox:latest",
      Cmd: ["/bin/sh", "-c", command],
      Labels: { [key]: value },
      ...body,
      HostConfig: { Init: true, NetworkMode: "none", ...hostConfig },
    },
    socketPath,
  );
  if (Id === undefined) throw new Error(`the engine created no container: ${message}`);
  return Id;
}

/** Creates such a container and starts it. */
export async function startRawContainer(label: string, container: RawContainer, socketPath?: string): Promise<string> {
  const id = await createRawContainer(label, container, socketPath);
  const refusal = await callEngine<{ message: string } | undefined>(
    "POST",
    `/containers/${id}/start`,
    undefined,
    socketPath,
  );
  if (refusal !== undefined) throw new Error(`the engine did not start the container: ${refusal.message}`);
  return id;
}

/** The ids of the containers in any state that carry a label. */
export async function containersWith(label: string, socketPath?: string): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
  const rows = await callEngine<{ Id: string }[]>(
    "GET",
    `/containers/json?all=1&filters=${filters}`,
    undefined,
    socketPath,
  );
  return rows.map(({ Id }) => Id);
}

/** Removes what carries a label, with anonymous volumes. */
export async function removeContainersWith(label: string, socketPath?: string): Promise<void> {
  for (const id of await containersWith(label, socketPath)) {
    await callEngine("DELETE", `/containers/${id}?force=1&v=1`, undefined, socketPath);
  }
}
