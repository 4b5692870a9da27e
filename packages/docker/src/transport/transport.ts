import type { Agent, AgentOptions, ClientRequest } from "node:http";
import * as net from "node:net";
import { CosError } from "@cos/core";
import type { Endpoint, SshEndpoint } from "../endpoint/endpoint.ts";
import { isAllowedRequest } from "./routes.ts";

// Imported as a module, node:http would load Node's whole fetch implementation to fill its list of exports.
const http = process.getBuiltinModule("node:http");

/** How long the engine may take to accept a connection, in milliseconds. */
const connectDeadlineMs = 10_000;

/** Receives what arrives on a raw connection. Returning false pauses it until `resume()`. The buffer is reused. */
export type ReadCallback = (chunk: Buffer) => boolean;

/**
 * The one way to an engine. Holds its endpoint and refuses every request that is not on the list of routes,
 * whichever client sends it.
 */
export class Transport {
  readonly endpoint: Endpoint;
  /** Carries every HTTP request, the Docker library's included. */
  readonly agent: Agent;
  readonly #tls: typeof import("node:tls") | undefined;
  readonly #tunnel: Tunnel | undefined;
  /** Connections of their own. */
  readonly #sockets = new Set<net.Socket>();
  #closed = false;

  private constructor(
    endpoint: Endpoint,
    agent: Agent,
    { tls, tunnel }: { readonly tls?: typeof import("node:tls"); readonly tunnel?: Tunnel } = {},
  ) {
    this.endpoint = endpoint;
    this.agent = this.#guard(agent);
    this.#tls = tls;
    this.#tunnel = tunnel;
  }

  /** @param env the environment that ssh runs in, where the endpoint is behind it; the process's own unless set. */
  static create(endpoint: Endpoint, env: NodeJS.ProcessEnv = process.env): Transport {
    const pool = { keepAlive: true, maxFreeSockets: 16, timeout: 0 };
    if (endpoint.kind === "unix") {
      return new Transport(endpoint, new http.Agent({ ...pool, socketPath: endpoint.path } as AgentOptions));
    }
    if (endpoint.kind === "ssh") {
      const tunnel = createTunnel(endpoint, env);
      return new Transport(endpoint, throughTunnel(new http.Agent(pool), tunnel), { tunnel });
    }
    const address = { host: endpoint.host, port: endpoint.port };
    if (endpoint.tls === undefined) return new Transport(endpoint, new http.Agent({ ...pool, ...address }));
    const tls = process.getBuiltinModule("node:tls");
    const https = process.getBuiltinModule("node:https");
    return new Transport(endpoint, new https.Agent({ ...pool, ...address, ...endpoint.tls }), { tls });
  }

  /**
   * Whether a request that has left this process arrives, though the process ends or closes the connection. Through ssh it
   * does not: the tunnel ends too, and with it what it had not passed on.
   */
  get deliversAfterClose(): boolean {
    return this.endpoint.kind !== "ssh";
  }

  /** `https:` when the endpoint speaks TLS. */
  get protocol(): "http:" | "https:" {
    return this.#tls === undefined ? "http:" : "https:";
  }

  /**
   * A connection of its own for a request that turns into a raw stream.
   *
   * @throws CosError `unavailable`, `deadline_exceeded`
   */
  async openSocket(method: string, path: string, onRead: ReadCallback): Promise<net.Socket> {
    this.#assertAllowed(method, path);
    const { endpoint } = this;
    const socketPath = endpoint.kind === "unix" ? endpoint.path : await this.#tunnel?.ensure();
    const socket =
      endpoint.kind !== "tcp"
        ? net.connect({ path: socketPath ?? "", onread: reader(onRead) })
        : this.#tls !== undefined && endpoint.tls !== undefined
          ? this.#tls.connect({ host: endpoint.host, port: endpoint.port, ...endpoint.tls })
          : net.connect({ host: endpoint.host, port: endpoint.port, onread: reader(onRead) });
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    if (this.#tls !== undefined) {
      socket.on("data", (chunk: Buffer) => {
        if (!onRead(chunk)) socket.pause();
      });
    }
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        socket.destroy();
        reject(new CosError("deadline_exceeded", "The engine did not accept a connection in time."));
      }, connectDeadlineMs);
      socket.once(this.#tls === undefined ? "connect" : "secureConnect", () => {
        clearTimeout(timer);
        socket.off("error", reject);
        resolve();
      });
      socket.once("error", (error) => {
        clearTimeout(timer);
        reject(toUnavailable(error));
      });
    });
    return socket;
  }

  /** Drops all connections; every later request is refused as `unavailable`. */
  close(): void {
    this.#closed = true;
    this.agent.destroy();
    for (const socket of this.#sockets) socket.destroy();
    this.#tunnel?.close();
  }

  #assertAllowed(method: string, path: string): void {
    if (this.#closed) throw new CosError("unavailable", "The connection to the engine was closed.");
    if (isAllowedRequest(method, path)) return;
    throw new CosError("internal", `cos does not send ${method} ${path.split("?", 1)[0]} to engines.`);
  }

  /** Every client ends up in its agent's `addRequest`, so that is where requests are checked. */
  #guard(agent: Agent): Agent {
    const inner = agent as unknown as RequestTaker;
    const addRequest = inner.addRequest.bind(agent);
    inner.addRequest = (request, ...rest) => {
      this.#assertAllowed(request.method, request.path);
      addRequest(request, ...rest);
    };
    return agent;
  }
}

/** A way to an engine that has to be opened before anything can connect, and again when it broke. */
interface Tunnel {
  /** Resolves with the path of the socket here that leads to the engine. */
  ensure(): Promise<string>;
  close(): void;
}

/** The tunnel of an engine behind ssh. Few engines are, so what makes it is loaded when it is first needed. */
function createTunnel(endpoint: SshEndpoint, env: NodeJS.ProcessEnv): Tunnel {
  let loading: Promise<Tunnel> | undefined;
  return {
    async ensure() {
      loading ??= import("./ssh-tunnel.ts").then(({ SshTunnel }) => new SshTunnel(endpoint, env));
      return await (await loading).ensure();
    },
    close: () => void loading?.then((tunnel) => tunnel.close()),
  };
}

/** Has an agent connect through a tunnel. */
function throughTunnel(agent: Agent, tunnel: Tunnel): Agent {
  type Connected = (error: unknown, socket?: net.Socket) => void;
  (agent as unknown as ConnectionMaker).createConnection = (_options: unknown, connected: Connected) => {
    tunnel.ensure().then(
      (path) => connected(null, net.connect({ path })),
      (error: unknown) => connected(error),
    );
  };
  return agent;
}

interface ConnectionMaker {
  createConnection(options: unknown, connected: (error: unknown, socket?: net.Socket) => void): void;
}

/** A failed connection as the caller sees it. */
export function toUnavailable(error: unknown): CosError {
  if (CosError.is(error)) return error;
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return new CosError("unavailable", `The connection to the engine failed${code === undefined ? "" : ` (${code})`}.`, {
    hint: "Check that the engine is running: cos doctor",
    cause: error,
  });
}

function reader(onRead: ReadCallback) {
  return {
    buffer: Buffer.allocUnsafeSlow(256 * 1024),
    callback: (bytes: number, buffer: Uint8Array) => onRead((buffer as Buffer).subarray(0, bytes)),
  };
}

interface RequestTaker {
  addRequest(request: ClientRequest, ...rest: unknown[]): void;
}
