import { randomBytes } from "node:crypto";
import { createSigner, type Engine, type EngineEvent } from "@cos/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { connectDocker } from "./connect.ts";
import { FaultProxy } from "./testing/fault-proxy.ts";
import { createRawContainer, enginePath, removeContainersWith } from "./testing/raw-engine.ts";

const label = `user.test=events-${randomBytes(4).toString("hex")}`;
const events = /^GET \/events/;

let proxy: FaultProxy;
let engine: Engine;

beforeEach(async () => {
  proxy = await FaultProxy.start(enginePath());
  engine = await connectDocker({ host: proxy.host, signer: createSigner(randomBytes(32)) });
});
afterEach(async () => {
  await engine.close();
  await proxy[Symbol.asyncDispose]();
  await removeContainersWith(label);
});

/** A listener, and what it was told so far. */
function listen() {
  const told: EngineEvent[] = [];
  const stop = new AbortController();
  const over = (async () => {
    for await (const event of engine.events({ signal: stop.signal })) told.push(event);
  })();
  over.catch(() => undefined);
  const kinds = () => told.map(({ kind }) => kind);
  const about = (id: string) => told.filter((event) => event.kind !== "resync" && event.id === id);
  const resyncs = async (times: number) =>
    await vi.waitFor(() => expect(kinds().filter((kind) => kind === "resync")).toHaveLength(times), 10_000);
  return { about, resyncs, over, stop: () => stop.abort() };
}

const make = () => createRawContainer(label, { command: "true" });
const openStreams = () => proxy.cut(events);

test("all who listen share one stream, which is closed when nobody does any more", async () => {
  const [one, other] = [listen(), listen()];
  await Promise.all([one.resyncs(1), other.resyncs(1)]);
  one.stop();
  await expect(one.over).rejects.toMatchObject({ code: "cancelled" });
  const id = await make();
  await vi.waitFor(() => expect(other.about(id)).toMatchObject([{ kind: "created" }]));
  other.stop();
  await expect(other.over).rejects.toMatchObject({ code: "cancelled" });
  expect(proxy.requests.filter((request) => events.test(request))).toHaveLength(1);
  await vi.waitFor(() => expect(openStreams()).toBe(0));
});

test("a stream that breaks is opened again, and everybody is told to look again", async () => {
  const [one, other] = [listen(), listen()];
  await Promise.all([one.resyncs(1), other.resyncs(1)]);
  proxy.script(events, { kind: "drop-request" }, 2);
  expect(proxy.cut(events)).toBe(1);
  await Promise.all([one.resyncs(2), other.resyncs(2)]);
  const id = await make();
  await vi.waitFor(() => expect(one.about(id)).toMatchObject([{ kind: "created" }]));
  await vi.waitFor(() => expect(other.about(id)).toMatchObject([{ kind: "created" }]));
});

test("who begins to listen while the engine is away is told so, and the others go on", async () => {
  const one = listen();
  await one.resyncs(1);
  proxy.script(events, { kind: "drop-request" }, 3);
  proxy.cut(events);
  await proxy.seen(events, 2);
  await expect(listen().over).rejects.toMatchObject({ code: "unavailable" });
  await one.resyncs(2);
});

test("closing ends the listening also while the engine does not answer", async () => {
  proxy.script(events, { kind: "hang-request" });
  const one = listen();
  await proxy.seen(events);
  await engine.close();
  await expect(one.over).rejects.toMatchObject({ code: "unavailable" });
});

test("a line that is no event of a container tells nothing", async () => {
  proxy.script(events, { kind: "answer", status: 200, body: { Action: "create", Actor: { ID: "../x" } } });
  const one = listen();
  await one.resyncs(2);
  one.stop();
});
