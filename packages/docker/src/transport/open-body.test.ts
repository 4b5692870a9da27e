import { mkdtemp, rm } from "node:fs/promises";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { EngineClient } from "./engine-client.ts";
import { openBody, type OpenBody } from "./open-body.ts";
import { Transport } from "./transport.ts";

const segments = ["containers", "0123456789abcdef".repeat(4), "logs"];

let directory: string;
let server: net.Server;
let transport: Transport;
let client: EngineClient;
let answer: (socket: net.Socket) => void;
let requests: string[];
const sockets = new Set<net.Socket>();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "cos-body-"));
  requests = [];
  server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).once("close", () => sockets.delete(socket));
    socket.once("data", (data) => {
      requests.push(data.toString());
      answer(socket);
    });
  });
  const path = join(directory, "engine.sock");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  transport = Transport.create({ kind: "unix", path });
  client = new EngineClient(transport, "1.41");
});
afterEach(async () => {
  transport.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

const open = (signal?: AbortSignal) => openBody(client, segments, { query: { stdout: true }, signal });

async function read({ bytes }: OpenBody): Promise<string> {
  let text = "";
  for await (const piece of bytes) text += piece.toString();
  return text;
}

describe("a body", () => {
  test("is asked for on a connection of its own, which is closed after it", async () => {
    answer = (socket) => socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n");
    expect(await read(await open())).toBe("one");
    expect(requests).toEqual([
      `GET /v1.41/${segments.join("/")}?stdout=true HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n`,
    ]);
  });

  test("arrives however its answer is cut", async () => {
    const whole = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX: y\r\n\r\nonetwo";
    answer = async (socket) => {
      for (const byte of whole) {
        socket.write(byte);
        await nextTurn();
      }
      socket.end();
    };
    expect(await read(await open())).toBe("onetwo");
  });

  test("that breaks off is unavailable, also when the connection ends in good order", async () => {
    for (const end of [(socket: net.Socket) => socket.end(), (socket: net.Socket) => socket.destroy()]) {
      answer = (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none", () => end(socket));
      const body = await open();
      await expect(read(body)).rejects.toMatchObject({ code: "unavailable" });
    }
  });

  test("is not asked for beyond the allowed routes", async () => {
    await expect(openBody(client, ["images", "get"], {})).rejects.toMatchObject({ code: "internal" });
    expect(requests).toEqual([]);
  });

  test("ends when the transport closes", async () => {
    answer = (socket) => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none");
    const reading = read(await open());
    transport.close();
    await expect(reading).rejects.toMatchObject({ code: "unavailable" });
  });

  test("ends with what it was destroyed for", async () => {
    answer = (socket) => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
    const body = await open();
    const reading = read(body);
    body.destroy();
    await expect(reading).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("an answer that is no body", () => {
  test.each([
    [404, "not_found"],
    [409, "conflict"],
    [500, "internal"],
    [301, "internal"],
  ])("of status %i is refused", async (status, code) => {
    const body = JSON.stringify({ message: "so it says" });
    answer = (socket) => socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await expect(open()).rejects.toMatchObject({ code, details: { status } });
  });

  test.each([
    ["nothing", "", "unavailable"],
    ["half a head", "HTTP/1.1 200 OK\r\nConte", "unavailable"],
    ["no HTTP", "SSH-2.0-x\r\n\r\n", "internal"],
    ["a head without end", "x".repeat(100_000), "internal"],
  ])("but %s fails", async (_what, text, code) => {
    answer = (socket) => socket.end(text);
    await expect(open()).rejects.toMatchObject({ code });
  });

  test("but silence is over after a minute, or with the signal", async () => {
    const asked = new Promise<void>((resolve) => {
      answer = () => resolve();
    });
    const stop = new AbortController();
    const cancelled = open(stop.signal);
    await asked;
    stop.abort();
    await expect(cancelled).rejects.toMatchObject({ code: "cancelled" });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const askedAgain = new Promise<void>((resolve) => {
      answer = () => resolve();
    });
    const late = open();
    late.catch(() => undefined);
    await askedAgain;
    await vi.advanceTimersByTimeAsync(60_000);
    await expect(late).rejects.toMatchObject({ code: "deadline_exceeded" });
  });
});
