import { mkdtemp, rm } from "node:fs/promises";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { dechunked, headerOf, type HttpMessage, readMessage, withHeader } from "./http-message.ts";

/** What happens to a request instead of passing it on and its answer back. */
export type Fault =
  /** Answers in the engine's place; the engine never sees the request. */
  | { readonly kind: "answer"; readonly status: number; readonly body?: unknown }
  /** Closes the connection before the engine sees the request. */
  | { readonly kind: "drop-request" }
  /** Neither passes the request on nor answers it. */
  | { readonly kind: "hang-request" }
  /** Closes the connection as soon as the engine has the request. */
  | { readonly kind: "drop-sent" }
  /** Lets the engine do it, and closes the connection instead of passing the answer on. */
  | { readonly kind: "drop-answer" }
  /** Lets the engine do it, and holds the answer back until the promise settles, or for ever. */
  | { readonly kind: "hold-answer"; readonly until?: Promise<unknown> }
  /** Passes the answer's head and this many bytes of what follows, then closes the connection or leaves it hanging. */
  | { readonly kind: "cut-answer"; readonly bodyBytes: number; readonly hang?: boolean }
  /** Passes the answer on in pieces of this many bytes. */
  | { readonly kind: "slice-answer"; readonly bytes: number }
  /** Passes the answer on with the first text of that kind replaced by another of the same length. */
  | { readonly kind: "replace-text"; readonly from: string; readonly to: string }
  /** Changes an answer in JSON. */
  | { readonly kind: "rewrite-answer"; readonly change: (body: unknown) => unknown };

interface Rule {
  readonly on: RegExp;
  readonly fault: Fault;
  timesLeft: number;
}

/**
 * Stands between a client and an engine, both on unix sockets, and does harm by script. Each connection carries one
 * request, so that every fault concerns that request alone.
 */
export class FaultProxy implements AsyncDisposable {
  /** The address for clients, e.g. `unix:///tmp/…`. */
  readonly host: string;
  /** Every request in order, as method and path with its query, without the API version. */
  readonly requests: string[] = [];
  readonly #enginePath: string;
  readonly #directory: string;
  readonly #server: net.Server;
  readonly #rules: Rule[] = [];
  readonly #open = new Map<net.Socket, string>();
  #waiting: (() => void)[] = [];

  private constructor(enginePath: string, directory: string) {
    this.#enginePath = enginePath;
    this.#directory = directory;
    this.host = `unix://${join(directory, "engine.sock")}`;
    this.#server = net.createServer({ allowHalfOpen: true }, (client) => void this.#serve(client));
  }

  /** Starts a proxy for the engine that listens on the unix socket `enginePath`. */
  static async start(enginePath: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(enginePath, await mkdtemp(join(tmpdir(), "cos-proxy-")));
    await new Promise<void>((resolve) => proxy.#server.listen(proxy.host.slice("unix://".length), resolve));
    return proxy;
  }

  /** Lets `fault` happen to the next requests that match, e.g. `/^POST \/containers\/create/`. The latest script wins. */
  script(on: RegExp, fault: Fault, times = 1): void {
    this.#rules.unshift({ on, fault, timesLeft: times });
  }

  /** Breaks the open connections whose request matches, and says how many there were. */
  cut(on: RegExp): number {
    const matching = [...this.#open].filter(([, request]) => on.test(request));
    for (const [client] of matching) client.destroy();
    return matching.length;
  }

  /** Resolves when this many matching requests have come, those before the call included. */
  async seen(on: RegExp, times = 1): Promise<void> {
    while (this.requests.filter((request) => on.test(request)).length < times) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#open.keys()) client.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #serve(client: net.Socket): Promise<void> {
    this.#open.set(client, "");
    client.once("close", () => this.#open.delete(client));
    client.on("error", () => client.destroy());
    const message = await readMessage(client, true);
    if (message === undefined) return void client.destroy();
    const request = message.firstLine.replace(/ HTTP\/.*$/, "").replace(/^(\S+) \/v[0-9.]+/, "$1 ");
    this.#open.set(client, request);
    const rule = this.#rules.find(({ on, timesLeft }) => timesLeft > 0 && on.test(request));
    if (rule !== undefined) rule.timesLeft--;
    this.requests.push(request);
    for (const resolve of this.#waiting.splice(0)) resolve();
    await this.#relay(client, message, rule?.fault).catch(() => client.destroy());
  }

  async #relay(client: net.Socket, message: HttpMessage, fault: Fault | undefined): Promise<void> {
    if (fault?.kind === "drop-request") return void client.destroy();
    if (fault?.kind === "hang-request") return void client.resume();
    if (fault?.kind === "answer") {
      const body = Buffer.from(JSON.stringify(fault.body ?? { message: "so the script says" }));
      return void client.end(Buffer.concat([Buffer.from(headFor(fault.status, body)), body]));
    }
    const engine = net.connect({ path: this.#enginePath, allowHalfOpen: true });
    engine.on("error", () => client.destroy());
    client.once("close", () => engine.destroy());
    const upgrade = headerOf(message.head, "upgrade") !== undefined;
    const head = upgrade ? message.head : withHeader(message.head, "Connection", "close");
    await new Promise((resolve) => engine.write(Buffer.concat([Buffer.from(head, "latin1"), message.body]), resolve));
    if (fault?.kind === "drop-sent") return void client.destroy();
    client.pipe(engine);
    let answer = await readMessage(engine, false);
    // That the engine wants the body is no answer yet.
    while (answer?.firstLine.includes(" 100 ") === true) {
      client.write(Buffer.from(answer.head, "latin1"));
      const next = readMessage(engine, false);
      engine.resume();
      answer = await next;
    }
    if (answer === undefined || fault?.kind === "drop-answer") return void client.destroy();
    await passOn(answer, engine, client, fault);
  }
}

async function passOn(
  answer: HttpMessage,
  engine: net.Socket,
  client: net.Socket,
  fault: Fault | undefined,
): Promise<void> {
  const head = Buffer.from(answer.head, "latin1");
  switch (fault?.kind) {
    case "hold-answer":
      await (fault.until ?? new Promise<never>(() => {}));
      break;
    case "cut-answer": {
      client.write(head);
      let left = fault.bodyBytes;
      // Breaking off would close the connection to the engine, and with it the client's.
      for await (const chunk of engine.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        const piece = chunk.subarray(0, left);
        left -= piece.byteLength;
        await new Promise((resolve) => client.write(piece, resolve));
        if (left === 0) break;
      }
      if (fault.hang !== true) client.destroy();
      return;
    }
    case "slice-answer":
      for (let at = 0; at < head.byteLength; at += fault.bytes)
        await writePiece(client, head.subarray(at, at + fault.bytes));
      for await (const chunk of engine as AsyncIterable<Buffer>) {
        for (let at = 0; at < chunk.byteLength; at += fault.bytes)
          await writePiece(client, chunk.subarray(at, at + fault.bytes));
      }
      return void client.end();
    case "replace-text": {
      client.write(head);
      let { from } = fault;
      for await (const chunk of engine as AsyncIterable<Buffer>) {
        const at = from === "" ? -1 : chunk.indexOf(from);
        if (at !== -1) chunk.write(fault.to, at);
        if (at !== -1) from = "";
        client.write(chunk);
      }
      return void client.end();
    }
    case "rewrite-answer": {
      const bytes = await buffer(engine);
      const body = headerOf(answer.head, "transfer-encoding") === undefined ? bytes : dechunked(bytes);
      const changed = Buffer.from(JSON.stringify(fault.change(JSON.parse(body.toString("utf8")))));
      const whole = withHeader(answer.head, "Content-Length", changed.byteLength);
      const headNow = whole.replace(/^transfer-encoding:.*\r\n/im, "");
      return void client.end(Buffer.concat([Buffer.from(headNow, "latin1"), changed]));
    }
    default:
  }
  client.write(head);
  engine.pipe(client);
}

async function writePiece(client: net.Socket, piece: Buffer): Promise<void> {
  client.write(piece);
  await nextTurn();
}

function headFor(status: number, body: Buffer): string {
  return `HTTP/1.1 ${status} Scripted\r\nContent-Type: application/json\r\nContent-Length: ${body.byteLength}\r\nConnection: close\r\n\r\n`;
}
