import { randomBytes } from "node:crypto";
import { type Caller, openControlPlane, openOperator } from "@cos/control-plane";
import { startHttp } from "../testing/http-process.ts";
import { command } from "../testing/index.ts";
import { makeInstallation } from "../testing/installation.ts";

/** What a client is connected to: one installation of cos, by two ways, and a service of the client's own. */
export interface Served extends AsyncDisposable {
  /** A directory that is the client's home, and in which it may keep what it likes. */
  readonly home: string;
  /** The environment of the client's process. */
  readonly env: NodeJS.ProcessEnv;
  /** Where a server listens for HTTP. */
  readonly url: string;
  /** What a client sends there as its header `Authorization`. */
  readonly authorization: string;
  /** How the client starts a server of its own, which talks over standard input and output. */
  readonly command: readonly [string, ...string[]];
  /** What that server has to find in its environment; many clients pass nothing on but what they are told to. */
  readonly serverEnv: Readonly<Record<string, string>>;
  /** A container that runs and has said `ready`, belongs to the client, and is restarted only by who confirms it. */
  readonly service: string;
}

const caller: Caller = { kind: "stdio", name: "tester", hostRoots: [] };
const rule = "{name: ask-first, operation: container_restart, decision: confirm, reason: Others rely on it.}";

/** Makes all of that. What is left of it is gone when it is disposed of. */
export async function serveClients({ toolsets = "default", trustsDialogs = false } = {}): Promise<Served> {
  const installation = makeInstallation();
  const { home } = installation;
  const env = { ...installation.env, HOME: home, NO_COLOR: "1" };
  const policy = installation.writePolicy(`rules:\n  - ${rule}\n`);
  const args = ["--as", caller.name, "--policy", policy, "--toolsets", toolsets];
  await using stack = new AsyncDisposableStack();
  stack.defer(() => installation.remove());
  const perform = async (operation: string, input: object) => {
    await using controlPlane = openControlPlane({ writer: "test", env });
    const { status } = await controlPlane.perform({ operation, input, caller });
    if (status !== "done") throw new Error(`${operation} is ${status}`);
  };
  const service = `client-${randomBytes(4).toString("hex")}`;
  const workload = { image: "busybox", pull: "never", command: "echo ready; sleep 3600", network: "none" };
  await perform("container_ensure", { name: service, ...workload });
  stack.defer(() => perform("container_rm", { container: service, force: true }));
  const { secret } = openOperator({ env }).tokens.create(
    { name: caller.name, trustsDialogs },
    { ...caller, kind: "script" },
  );
  const { url } = stack.use(await startHttp({ env, args }));
  const kept = stack.move();
  return {
    home,
    env,
    url,
    authorization: `Bearer ${secret}`,
    command: [...command, ...args, ...(trustsDialogs ? ["--trust-dialogs"] : [])],
    serverEnv: ownPart(env),
    service,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** What differs from this process, and where the engine is. */
function ownPart(env: NodeJS.ProcessEnv): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && (value !== process.env[name] || name.startsWith("DOCKER_"))) own[name] = value;
  return own;
}
