import { randomBytes } from "node:crypto";
import { chmodSync, renameSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { CosError, digestOf } from "@cos/core";
import type { Approval, Approvals } from "@cos/policy";
import { type Approver, isSignedBy } from "./keys.ts";
import { readLines } from "./lines.ts";
import {
  type ApprovalChange,
  type ApprovalServerInfo,
  type ApproverRequest,
  bytesToSign,
  helloOf,
  maxLineBytes,
  type ServerMessage,
  signedRequest,
  toApprovalView,
  toLine,
} from "./protocol.ts";
import { ensureRuntimeDirectory, socketPath } from "./runtime-directory.ts";

/** How long a connection may take, from the first byte to the last answer, in milliseconds. Watching is not limited. */
const deadlineMs = 5_000;
/** Most connections that have not proved yet whose they are. One more, and the oldest of them is closed. */
const maxStrangers = 64;
/** Most bytes that wait for a person's terminal to take them. All requests fit, at the most that is sent of each. */
const maxBacklogBytes = 32 * 1024 * 1024;

export interface ApprovalServerOptions {
  /** Where processes with requests listen; made if there is none. */
  readonly directory: string;
  readonly approvals: Approvals;
  /** Who may approve. Asked each time; when it throws, nobody may. */
  readonly trustedKeys: () => readonly Approver[];
  /** Called just before a decision takes effect. When it throws, nothing is decided. */
  readonly onDecision: (
    approval: Approval,
    decision: { readonly approved: boolean; readonly approver: string; readonly comment?: string | undefined },
  ) => void;
  /** What this process is, for people, e.g. `mcp`. */
  readonly writer?: string | undefined;
}

/** Lets approvers see and decide what waits in this process. Keeps the process alive until it is closed. */
export interface ApprovalServer {
  /** Ends all connections and removes the socket. */
  close(): Promise<void>;
}

/**
 * Listens for approvers, on a socket of its own that only this user can reach.
 *
 * @throws CosError `failed_precondition` when the directory cannot be used, or others could use it; `unavailable` when
 * the socket cannot be made.
 */
export async function openApprovalServer(options: ApprovalServerOptions): Promise<ApprovalServer> {
  const { directory, writer } = options;
  ensureRuntimeDirectory(directory);
  const id = `${process.pid}-${randomBytes(8).toString("hex")}`;
  const info: ApprovalServerInfo = { id, pid: process.pid, ...(writer === undefined ? {} : { writer }) };
  const path = socketPath(directory, id);
  const connections = new Set<Socket>();
  const strangers = new Set<Socket>();

  const server = createServer((socket) => {
    connections.add(socket);
    strangers.add(socket);
    socket.once("close", () => {
      connections.delete(socket);
      strangers.delete(socket);
    });
    const [oldest] = strangers;
    if (strangers.size > maxStrangers) oldest?.destroy();
    void serve(socket, info, options, () => strangers.delete(socket));
  });
  try {
    // Until it listens, the socket has a name that nobody asks for: one that refuses connections belongs to the dead.
    const unready = join(directory, `.${id}`);
    await listen(server, unready);
    chmodSync(unready, 0o600);
    renameSync(unready, path);
  } catch (cause) {
    server.close();
    throw new CosError("unavailable", `cos cannot listen for approvers in ${directory}.`, {
      hint: "Set COS_RUNTIME_DIR to a directory on a local file system that you can write.",
      cause,
    });
  }

  return {
    async close() {
      rmSync(path, { force: true });
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      // What fails later is one connection, and the person whose it is sees it fail.
      server.on("error", () => {});
      resolve();
    });
  });
}

/** One connection: hello, one request, its answer. Whatever is not as it should be ends it. */
async function serve(
  socket: Socket,
  info: ApprovalServerInfo,
  options: ApprovalServerOptions,
  onAuthorised: () => void,
): Promise<void> {
  const deadline = setTimeout(() => socket.destroy(), deadlineMs).unref();
  socket.once("close", () => clearTimeout(deadline));
  const lines = readLines(socket, maxLineBytes);
  const send = (message: ServerMessage) => void socket.write(toLine(message));
  try {
    const nonce = randomBytes(32).toString("hex");
    send(helloOf(info, nonce));
    const line = await lines.next();
    if (line.done === true) return void socket.destroy();
    const { request, publicKey, signature } = signedRequest.parse(JSON.parse(line.value));
    const approver = findTrusted(options, publicKey);
    if (approver === undefined || !isSignedBy(publicKey, bytesToSign(info.id, nonce, request), signature)) {
      send({ type: "refused" });
      socket.end();
    } else if (!socket.destroyed) {
      onAuthorised();
      if (request.purpose === "watch") {
        clearTimeout(deadline);
        socket.once("close", watch(socket, send, approver, info, options));
      } else {
        answer(request, send, approver, info, options);
        send({ type: "end" });
        socket.end();
      }
    }
    // There is one request, so anything that still comes is a mistake, and the end is the end.
    await lines.next();
    socket.destroy();
  } catch {
    socket.destroy();
  }
}

function findTrusted({ trustedKeys }: ApprovalServerOptions, publicKey: string): Approver | undefined {
  try {
    return trustedKeys().find((approver) => approver.publicKey === publicKey);
  } catch {
    return undefined;
  }
}

function answer(
  request: Exclude<ApproverRequest, { purpose: "watch" }>,
  send: (message: ServerMessage) => void,
  approver: Approver,
  info: ApprovalServerInfo,
  options: ApprovalServerOptions,
): void {
  const { approvals } = options;
  const show = (approval: Approval) => send({ type: "approval", approval: toApprovalView(approval, info) });
  if (request.purpose === "list") {
    approvals.list().forEach(show);
  } else if (request.purpose === "show") {
    const exact = approvals.get(request.reference);
    const found = exact === undefined ? approvals.list() : [exact];
    found.filter(({ reference }) => reference.startsWith(request.reference)).forEach(show);
  } else {
    try {
      show(decide(request, approver, info, options));
    } catch (error) {
      const { code, message, hint } = CosError.from(error);
      send({ type: "error", code, message, hint });
    }
  }
}

/** Decides only what the person saw: the request must look now as it was shown. */
function decide(
  { reference, viewDigest, approved, comment }: Extract<ApproverRequest, { purpose: "decide" }>,
  { name }: Approver,
  info: ApprovalServerInfo,
  { approvals, onDecision }: ApprovalServerOptions,
): Approval {
  const approval = approvals.get(reference);
  const decision = { approved, approver: name, comment };
  if (approval?.state === "pending") {
    if (digestOf(toApprovalView(approval, info)) !== viewDigest) {
      throw new CosError("conflict", `The request ${reference} is not what was shown.`, {
        hint: "Look at it again, and then decide.",
      });
    }
    onDecision(approval, decision);
  }
  return approvals.decide(reference, decision);
}

/** Sends what waits, and then what happens, for as long as the approver is trusted. Returns what ends it. */
function watch(
  socket: Socket,
  send: (message: ServerMessage) => void,
  { publicKey }: Approver,
  info: ApprovalServerInfo,
  options: ApprovalServerOptions,
): () => void {
  const tell = (approval: Approval, what: ApprovalChange) => {
    send({ type: "change", what, approval: toApprovalView(approval, info) });
    if (socket.writableLength > maxBacklogBytes) socket.destroy();
  };
  for (const approval of options.approvals.list()) tell(approval, "requested");
  return options.approvals.watch((approval, what) => {
    if (findTrusted(options, publicKey) === undefined) socket.destroy();
    else tell(approval, what);
  });
}
