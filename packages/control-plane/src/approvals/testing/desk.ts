import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Approval, type Approvals, type ApprovalSubject, type Binding, createApprovals } from "@cos/policy";
import type { ApproverAccess } from "../connection.ts";
import { type ApproverKey, ensureApproverKey, readApprovers } from "../keys.ts";
import { readLines } from "../lines.ts";
import { findServers, socketPath } from "../runtime-directory.ts";
import { type ApprovalServer, type ApprovalServerOptions, openApprovalServer } from "../server.ts";

/** What a call that restarts one container is bound to. */
export function bindingOf(container: string, change: Partial<Binding> = {}): Binding {
  return {
    caller: { kind: "stdio", name: "agent" },
    operation: "container_restart",
    engine: "local",
    target: { kind: "container", id: `id-of-${container}`, stateDigest: "s1" },
    inputDigest: "i1",
    previewDigest: "p1",
    policyVersion: "v1",
    ...change,
  };
}

export const subjectOf = (container: string): ApprovalSubject => ({
  text: `Restart cos-${container}.`,
  changes: { container: `cos-${container}` },
  asks: { network: "bridge", egress: true },
  targetName: `cos-${container}`,
  targetOwner: "agent",
  rule: "changes-need-a-person",
  reason: "It changes something that runs.",
  input: { container, note: "please\u001b[2J" },
  callId: "call-1",
});

export function ask(approvals: Approvals, container: string): Approval {
  const approval = approvals.request(bindingOf(container), subjectOf(container));
  if (approval === undefined) throw new Error("there was no room for the request");
  return approval;
}

/** A person with a key, and servers that trust it, in a directory of their own. */
export interface Desk extends AsyncDisposable {
  readonly directory: string;
  readonly approversFile: string;
  readonly key: ApproverKey;
  readonly access: ApproverAccess;
  /** One more process with requests. */
  open(options?: Partial<ApprovalServerOptions>): Promise<{ server: ApprovalServer; approvals: Approvals; id: string }>;
  /** A process that does with each connection whatever it likes. */
  openRogue(onConnection: (socket: Socket, id: string) => void): Promise<string>;
  /** A key that nobody trusts. */
  strangersKey(): ApproverKey;
}

export function makeDesk(): Desk {
  const parent = mkdtempSync(join(tmpdir(), "cos-desk-"));
  const directory = join(parent, "run");
  const approversFile = join(parent, "approvers.json");
  const key = ensureApproverKey({ keyFile: join(parent, "approver.json"), approversFile, name: "ann" });
  const servers: ApprovalServer[] = [];
  const rogues: { readonly server: Server; readonly sockets: Set<Socket> }[] = [];
  return {
    directory,
    approversFile,
    key,
    access: { directory, key },
    async open(options = {}) {
      const approvals = options.approvals ?? createApprovals();
      const before = findServers(directory);
      const server = await openApprovalServer({
        directory,
        approvals,
        trustedKeys: () => readApprovers(approversFile),
        onDecision: () => {},
        ...options,
      });
      servers.push(server);
      const id = findServers(directory).find((id) => !before.includes(id)) ?? "";
      return { server, approvals, id };
    },
    async openRogue(onConnection) {
      const id = `${process.pid}-${String(rogues.length).padStart(16, "0")}`;
      const sockets = new Set<Socket>();
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.on("error", () => {});
        onConnection(socket, id);
      });
      rogues.push({ server, sockets });
      await new Promise<void>((resolve) => void server.listen(socketPath(directory, id), resolve));
      return id;
    },
    strangersKey() {
      const other = join(parent, "stranger");
      return ensureApproverKey({
        keyFile: join(other, "approver.json"),
        approversFile: join(other, "approvers.json"),
        name: "ann",
      });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server.close()));
      for (const { server, sockets } of rogues) {
        for (const socket of sockets) socket.destroy();
        server.close();
      }
      rmSync(parent, { recursive: true, force: true });
    },
  };
}

/** A connection whose other end may send whatever it likes. */
export interface RawConnection {
  readonly socket: Socket;
  /** The next line, as JSON; undefined once the connection is closed. */
  next(): Promise<unknown>;
  /** All that still comes, until the connection is closed. */
  rest(): Promise<unknown[]>;
}

export async function dial(directory: string, id: string): Promise<RawConnection> {
  const socket = connect({ path: socketPath(directory, id) });
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  socket.on("error", () => {});
  const lines = readLines(socket, 10_000_000);
  const next = async () => {
    try {
      const line = await lines.next();
      return line.done === true ? undefined : (JSON.parse(line.value) as unknown);
    } catch {
      // A connection that is reset is closed.
      return undefined;
    }
  };
  return {
    socket,
    next,
    async rest() {
      const all: unknown[] = [];
      for (let line = await next(); line !== undefined; line = await next()) all.push(line);
      return all;
    },
  };
}
