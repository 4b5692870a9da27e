import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import * as http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ContainerEvents } from "./events.ts";
import { EngineClient } from "./transport/engine-client.ts";
import { Transport } from "./transport/transport.ts";

const id = "a".repeat(64);
let directory: string;
let server: http.Server;
let transport: Transport;
let events: ContainerEvents;
let streams: http.ServerResponse[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "cos-events-"));
  streams = [];
  server = http.createServer((_request, response) => {
    response.writeHead(200).flushHeaders();
    streams.push(response);
  });
  await once(server.listen(join(directory, "engine.sock")), "listening");
  transport = Transport.create({ kind: "unix", path: join(directory, "engine.sock") });
  events = new ContainerEvents(new EngineClient(transport, "1.41"));
});

afterEach(() => {
  events.close();
  transport.close();
  server.closeAllConnections();
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

function say(Action: string, Attributes: Record<string, string> = {}, ID = id): void {
  streams.at(-1)?.write(`${JSON.stringify({ Type: "container", Action, Actor: { ID, Attributes } })}\n`);
}

test("a death is told with its exit code, and with the kernel's kill before it", async () => {
  await events.open();
  const watch = events.watch(id);
  say("die", { exitCode: "3" }, "b".repeat(64));
  say("oom");
  say("die", { exitCode: "137" });
  expect(await watch.death).toEqual({ exitCode: 137, oomKilled: true });
  expect(watch.sawOom()).toBe(true);
});

test("a job whose child the kernel killed is known before the job itself ends", async () => {
  await events.open();
  const watch = events.watch(id);
  const other = events.watch("b".repeat(64));
  say("oom");
  say("die", { exitCode: "0" }, "b".repeat(64));
  expect(await other.death).toEqual({ exitCode: 0, oomKilled: false });
  expect([watch.sawOom(), other.sawOom()]).toEqual([true, false]);
});

test("all watches share one stream", async () => {
  await Promise.all([events.open(), events.open(), events.open()]);
  expect(streams).toHaveLength(1);
});

test("when the stream breaks every watcher is told, and the next one opens a new stream", async () => {
  await events.open();
  const watch = events.watch(id);
  streams[0]?.destroy();
  expect(await watch.death).toBeUndefined();

  await events.open();
  const next = events.watch(id);
  say("die", { exitCode: "0" });
  expect(await next.death).toEqual({ exitCode: 0, oomKilled: false });
  expect(streams).toHaveLength(2);
});

test("a line that is no event of a known container changes nothing", async () => {
  await events.open();
  const watch = events.watch(id);
  streams[0]?.write("{}\n");
  say("die", { exitCode: "not a number" });
  say("die", { exitCode: "7" });
  expect(await watch.death).toMatchObject({ exitCode: 7 });
});
