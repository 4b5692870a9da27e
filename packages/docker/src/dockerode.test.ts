import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { CosError } from "@cos/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { loadDocker, withDeadline } from "./dockerode.ts";
import { EngineClient } from "./transport/engine-client.ts";
import { Transport } from "./transport/transport.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function engine(listener: http.RequestListener): Promise<EngineClient> {
  const server = http.createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const transport = Transport.create({ kind: "tcp", host: "127.0.0.1", port: (server.address() as AddressInfo).port });
  cleanups.push(() => {
    transport.close();
    server.closeAllConnections();
    server.close();
  });
  return new EngineClient(transport, "1.41");
}

const remove = async (client: EngineClient, path = "0".repeat(64)) => {
  const docker = await loadDocker(client);
  return await withDeadline({ what: "The removal", deadlineMs: 5000 }, ({ signal }) =>
    docker.getImage(path).remove({ abortSignal: signal }),
  );
};
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as CosError,
  );

describe("the Docker library", () => {
  test("uses the transport and the pinned version, whatever the environment says", async () => {
    vi.stubEnv("DOCKER_HOST", "tcp://192.0.2.1:1");
    vi.stubEnv("DOCKER_CLIENT_TIMEOUT", "1");
    const asked: string[] = [];
    const client = await engine((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end("[]");
    });
    await remove(client);
    expect(asked).toEqual([`DELETE /v1.41/images/${"0".repeat(64)}`]);
  });

  test("cannot leave the list of routes", async () => {
    const asked: string[] = [];
    const client = await engine((request, response) => {
      asked.push(String(request.url));
      response.end("[]");
    });
    expect((await failureOf(remove(client, "x/../../containers/prune")))?.code).toBe("internal");
    expect(asked).toEqual([]);
  });

  test("follows no redirect", async () => {
    let asked = 0;
    const client = await engine((_request, response) => {
      asked++;
      response.writeHead(302, { location: "/v1.41/elsewhere" }).end();
    });
    expect((await failureOf(remove(client)))?.message).toContain("redirect");
    expect(asked).toBe(1);
  });

  test("reports refusals by status, in the engine's words", async () => {
    const client = await engine((_request, response) => {
      response.writeHead(409, { "content-type": "application/json" }).end('{"message":"image is in use"}');
    });
    expect(await failureOf(remove(client))).toMatchObject({
      code: "conflict",
      message: "The engine refused: image is in use",
      details: { status: 409 },
    });
  });

  test("reports a cut connection as unavailable", async () => {
    const client = await engine((request) => request.socket.destroy());
    expect((await failureOf(remove(client)))?.code).toBe("unavailable");
  });
});

describe("a deadline", () => {
  const never = () => new Promise<never>(() => undefined);

  test("ends what never settles, and aborts it", async () => {
    let aborted = false;
    const run = withDeadline({ what: "The pull", deadlineMs: 10 }, ({ signal }) => {
      signal.addEventListener("abort", () => (aborted = true));
      return never();
    });
    expect(await failureOf(run)).toMatchObject({ code: "deadline_exceeded", message: "The pull took too long." });
    expect(aborted).toBe(true);
  });

  test("without a sign of life is put off by each sign of life", async () => {
    vi.useFakeTimers();
    cleanups.push(() => vi.useRealTimers());
    let alive: () => void = () => undefined;
    const run = failureOf(
      withDeadline({ what: "The pull", idleMs: 100 }, (call) => {
        alive = () => call.alive();
        return never();
      }),
    );
    let over = false;
    void run.then(() => (over = true));
    for (let time = 0; time < 1000; time += 90) {
      await vi.advanceTimersByTimeAsync(90);
      alive();
    }
    expect(over).toBe(false);
    await vi.advanceTimersByTimeAsync(101);
    expect((await run)?.code).toBe("deadline_exceeded");
  });

  test("ends at once when the caller cancels, before or while it runs", async () => {
    const controller = new AbortController();
    const run = withDeadline({ what: "The pull", signal: controller.signal }, never);
    controller.abort();
    expect((await failureOf(run))?.code).toBe("cancelled");
    const started = vi.fn(never);
    expect((await failureOf(withDeadline({ what: "The pull", signal: controller.signal }, started)))?.code).toBe(
      "cancelled",
    );
    expect(started).not.toHaveBeenCalled();
  });
});
