import { createServer, request } from "node:http";
import { createServer as createSocketServer, type Server } from "node:net";
import { join } from "node:path";
import { vi } from "vitest";

const host = process.env["DOCKER_HOST"] ?? "";
const socketPath = host.startsWith("unix://") ? host.slice("unix://".length) : "/var/run/docker.sock";

/** Asks the engine directly, past cos. An answer without a body is undefined. */
export async function askEngine(
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: object,
): Promise<{ status: number; body: unknown }> {
  return await new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "Content-Type": "application/json" };
    const asked = request({ socketPath, method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: answer.statusCode ?? 0, body: text === "" ? undefined : JSON.parse(text) });
      });
    });
    asked.on("error", reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

interface Listed {
  readonly Id: string;
  readonly State: string;
  readonly Labels: Readonly<Record<string, string>>;
}

/** Starts a container past cos, which runs until it is stopped, and ends at once then. Returns its id. */
export async function startUnmanaged(name: string, labels: Readonly<Record<string, string>>): Promise<string> {
  const Cmd = ["sh", "-c", "trap exit TERM; echo started; sleep 3600 & wait"];
  const created = await askEngine("POST", `/containers/create?name=${name}`, {
    Image: "busybox:latest",
    Cmd,
    Labels: labels,
    HostConfig: { NetworkMode: "none" },
  });
  const { Id: id } = created.body as { readonly Id: string };
  const started = await askEngine("POST", `/containers/${id}/start`);
  if (started.status !== 204) throw new Error(`the container did not start: ${JSON.stringify(started.body)}`);
  return id;
}

/** What changes whenever somebody stops, starts or restarts the container; undefined when it is gone. */
export async function standingOf(id: string): Promise<{ status: string; startedAt: string } | undefined> {
  const { status, body } = await askEngine("GET", `/containers/${id}/json`);
  if (status === 404) return undefined;
  const { State } = body as { readonly State: { readonly Status: string; readonly StartedAt: string } };
  return { status: State.Status, startedAt: State.StartedAt };
}

/** Containers with a label, in any state. */
export async function listByLabel(label: string): Promise<readonly Listed[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
  return (await askEngine("GET", `/containers/json?all=1&filters=${filters}`)).body as Listed[];
}

/** Removes every container with a label. */
export async function removeByLabel(label: string): Promise<void> {
  for (const { Id } of await listByLabel(label)) await askEngine("DELETE", `/containers/${Id}?force=1&v=1`);
}

/** Makes a volume past cos. */
export async function createUnmanagedVolume(name: string): Promise<void> {
  await askEngine("POST", "/volumes/create", { Name: name });
}

export async function removeVolume(name: string): Promise<void> {
  await askEngine("DELETE", `/volumes/${name}`);
}

/** Resolves when no container has the label any more. cos removes off the caller's time. */
export async function waitUntilGone(label: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const left = await listByLabel(label);
      if (left.length > 0) throw new Error(`still there: ${left.map(({ Id, State }) => `${Id} ${State}`).join(", ")}`);
    },
    { timeout: 15_000, interval: 50 },
  );
}

/** An engine's address where everybody who calls is counted and nobody is answered. */
export async function countCallers(
  directory: string,
): Promise<{ address: string; callers: () => number; close: () => void }> {
  let callers = 0;
  const server = createSocketServer((socket) => {
    callers++;
    socket.destroy();
  });
  const address = await listen(server, join(directory, "counter.sock"));
  return { address, callers: () => callers, close: () => void server.close() };
}

/** A way to the engine that notes every request it passes on. It carries plain requests only, no raw streams. */
export async function recordRequests(
  directory: string,
): Promise<{ address: string; requests: string[]; close: () => void }> {
  const requests: string[] = [];
  const server = createServer((from, to) => {
    requests.push(`${from.method} ${from.url?.split("?", 1)[0]}`);
    const passed = request({ socketPath, method: from.method, path: from.url, headers: from.headers }, (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(to);
    });
    passed.on("error", () => to.destroy());
    to.on("close", () => passed.destroy());
    from.pipe(passed);
  });
  const address = await listen(server, join(directory, "recorder.sock"));
  return { address, requests, close: () => void (server.closeAllConnections(), server.close()) };
}

/** For the end of a test: cos must have removed its containers; whatever is left is removed here. */
export async function assertNothingLeft(label: string): Promise<void> {
  try {
    await waitUntilGone(label);
  } finally {
    await removeByLabel(label);
  }
}

async function listen(server: Server, path: string): Promise<string> {
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return `unix://${path}`;
}
