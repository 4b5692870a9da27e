import * as http from "node:http";
import { json } from "node:stream/consumers";
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
        if (response.statusCode === 204 || response.statusCode === 304) {
          response.resume();
          resolve(undefined as T);
        } else json(response).then((answer) => resolve(answer as T), reject);
      },
    );
    request.on("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
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
