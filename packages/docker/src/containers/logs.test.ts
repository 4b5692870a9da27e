import { mkdtemp, rm } from "node:fs/promises";
import * as http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { OutputChunk } from "@cos/core";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { EngineClient } from "../transport/engine-client.ts";
import { Transport } from "../transport/transport.ts";
import { readLogs } from "./logs.ts";

const id = "0123456789abcdef".repeat(4);

let directory: string;
let server: http.Server;
let transport: Transport;
let client: EngineClient;
/** What the engine does when it is asked for the log. */
let sendLog: (response: http.ServerResponse) => void;
let requests: string[];
let body: unknown;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "cos-logs-"));
  requests = [];
  body = { Config: { Tty: false }, HostConfig: { LogConfig: { Type: "json-file" } } };
  server = http.createServer((request, response) => {
    requests.push(request.url ?? "");
    if (request.url?.endsWith("/json") === true) response.end(JSON.stringify(body));
    else sendLog(response);
  });
  const path = join(directory, "engine.sock");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  transport = Transport.create({ kind: "unix", path });
  client = new EngineClient(transport, "1.41");
});
afterEach(async () => {
  transport.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

function frame(stream: number, text: string): Buffer {
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

/** What came before the end, and why it ended. */
async function readAll(log: AsyncIterable<OutputChunk>): Promise<{ text: string; failure?: unknown }> {
  let text = "";
  try {
    for await (const { data } of log) text += Buffer.from(data).toString();
    return { text };
  } catch (failure) {
    return { text, failure };
  }
}

/** Sends without end as fast as it is taken; tells how many bytes left. */
function sendForever(): { sent(): number; readonly closed: Promise<void> } {
  let sent = 0;
  let close = () => {};
  const closed = new Promise<void>((resolve) => (close = resolve));
  const piece = frame(1, "x".repeat(64 * 1024 - 8));
  sendLog = (response) => {
    response.once("close", close);
    const more = () => {
      while (!response.destroyed) {
        sent += piece.byteLength;
        if (!response.write(piece)) return void response.once("drain", more);
      }
    };
    more();
  };
  return { sent: () => sent, closed };
}

describe("a log", () => {
  test("is asked for with both streams, and as many lines as wanted", async () => {
    sendLog = (response) => response.end();
    await readAll(readLogs(client, id));
    await readAll(readLogs(client, id, { tail: 5 }));
    expect(requests.filter((url) => url.includes("/logs"))).toEqual([
      `/v1.41/containers/${id}/logs?stdout=true&stderr=true`,
      `/v1.41/containers/${id}/logs?stdout=true&stderr=true&tail=5`,
    ]);
  });

  test("is not asked for when it is known that there is none", async () => {
    body = { Config: { Tty: false }, HostConfig: { LogConfig: { Type: "none" } } };
    expect(await readAll(readLogs(client, id))).toMatchObject({ failure: { code: "unsupported" } });
    expect(requests).toEqual([`/v1.41/containers/${id}/json`]);
  });

  test("that ends inside a frame is unavailable, after what came whole", async () => {
    sendLog = (response) => response.end(Buffer.concat([frame(1, "whole\n"), frame(2, "half\n").subarray(0, 10)]));
    expect(await readAll(readLogs(client, id))).toMatchObject({
      text: expect.stringMatching(/^whole\n/) as string,
      failure: { code: "unavailable" },
    });
  });

  test("in which the engine says that it cannot go on is unavailable, after what came before", async () => {
    const saying = "Error grabbing logs: unexpected\u001b[31m EOF\n";
    sendLog = (response) => response.end(Buffer.concat([frame(2, "fine\n"), frame(3, saying), frame(1, "late\n")]));
    expect(await readAll(readLogs(client, id))).toMatchObject({
      text: "fine\n",
      failure: {
        code: "unavailable",
        message: "The engine could not read on: Error grabbing logs: unexpected [31m EOF",
      },
    });
  });

  test("that is no log is refused", async () => {
    sendLog = (response) => response.end("<html>nothing of the kind</html>");
    expect(await readAll(readLogs(client, id))).toMatchObject({ text: "", failure: { code: "internal" } });
  });
});

describe("a log that is followed", () => {
  const running = { Status: "running", StartedAt: "2026-11-25T09:00:00Z" };
  const withState = (State: unknown) => ({
    Config: { Tty: false },
    HostConfig: { LogConfig: { Type: "json-file" } },
    State,
  });
  const follow = (signal = new AbortController().signal) => readLogs(client, id, { follow: true, tail: 5, signal });

  test("is asked for with what is wanted of it", async () => {
    body = withState({ Status: "exited" });
    sendLog = (response) => response.end();
    const { signal } = new AbortController();
    await readAll(readLogs(client, id, { follow: true, stream: "stderr", since: new Date(1_500), signal }));
    const [since, until] = ["2026-11-25T09:19:04.000000001Z", "1969-12-31T23:59:59.999999999Z"];
    await readAll(readLogs(client, id, { since, until, timestamps: true }));
    expect(requests.filter((url) => url.includes("/logs"))).toEqual([
      `/v1.41/containers/${id}/logs?stderr=true&since=1.500000000&follow=true`,
      `/v1.41/containers/${id}/logs?stdout=true&stderr=true&since=1795598344.000000001&until=0.000000000&timestamps=true`,
    ]);
  });

  test("is over when it ends and the container has ended, or was started again", async () => {
    body = withState(running);
    for (const State of [
      { ...running, Status: "exited" },
      { ...running, Status: "restarting" },
      { ...running, StartedAt: "later" },
    ]) {
      sendLog = (response) => {
        response.end(frame(1, "last\n"));
        body = withState(State);
      };
      expect(await readAll(follow())).toEqual({ text: "last\n" });
    }
  });

  test("that ends while the container runs is unavailable", async () => {
    body = withState(running);
    sendLog = (response) => response.end(frame(1, "last\n"));
    expect(await readAll(follow())).toMatchObject({ text: "last\n", failure: { code: "unavailable" } });
  });

  test("may be silent for long, while the engine answers", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    body = withState(running);
    const looks = () => requests.filter((url) => url.endsWith("/json")).length;
    let answer = (): void => undefined;
    sendLog = (response) => {
      response.write(frame(1, "first"));
      answer = () => void response.write(frame(1, "second"));
    };
    const log = follow();
    await log.next();
    const next = log.next();
    for (let minute = 1; minute <= 3; minute++) {
      await vi.advanceTimersByTimeAsync(60_000);
      await vi.waitFor(() => expect(looks()).toBe(1 + minute));
      for (let turn = 0; turn < 50; turn++) await nextTurn();
    }
    answer();
    expect(Buffer.from((await next).value?.data ?? "").toString()).toBe("second");
    const last = log.next();
    last.catch(() => undefined);
    body = "nothing";
    server.removeAllListeners("request").on("request", () => undefined);
    await vi.advanceTimersByTimeAsync(60_000);
    for (let turn = 0; turn < 50; turn++) await nextTurn();
    await vi.advanceTimersByTimeAsync(60_000);
    await expect(last).rejects.toMatchObject({ code: "deadline_exceeded" });
  });
});

describe("a reader", () => {
  test("who needs time makes the engine wait", async () => {
    const log = sendForever();
    const chunks = readLogs(client, id);
    await chunks.next();
    let before = -1;
    while (before !== log.sent()) {
      before = log.sent();
      for (let turn = 0; turn < 20; turn++) await nextTurn();
    }
    expect(before).toBeLessThan(4 * 1024 * 1024);
    await chunks.return(undefined);
  });

  test("who breaks off drops the connection", async () => {
    const log = sendForever();
    for await (const _chunk of readLogs(client, id)) break;
    await log.closed;
  });

  test("who cancels drops the connection", async () => {
    const log = sendForever();
    const stop = new AbortController();
    const chunks = readLogs(client, id, { signal: stop.signal });
    await chunks.next();
    stop.abort();
    await expect(chunks.next()).rejects.toMatchObject({ code: "cancelled" });
    await log.closed;
  });

  test("who cancels while nothing comes waits no longer", async () => {
    sendLog = (response) => response.write(frame(1, "first"));
    const stop = new AbortController();
    const chunks = readLogs(client, id, { signal: stop.signal });
    await chunks.next();
    const next = chunks.next();
    stop.abort();
    await expect(next).rejects.toMatchObject({ code: "cancelled" });
  });

  test("waits a minute for a silent engine, and takes as long as it likes itself", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    let finish = () => {};
    sendLog = (response) => {
      response.write(frame(1, "first"));
      finish = () => void response.write(frame(1, "second"));
    };
    const chunks = readLogs(client, id);
    await chunks.next();
    await vi.advanceTimersByTimeAsync(3_600_000);
    finish();
    expect(Buffer.from((await chunks.next()).value?.data ?? "").toString()).toBe("second");
    const next = chunks.next();
    next.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(60_000);
    await expect(next).rejects.toMatchObject({ code: "deadline_exceeded" });
  });
});
