import { statSync } from "node:fs";
import {
  assertCaller,
  type Caller,
  findPaths,
  isReadOnly,
  loadEngines,
  openControlPlane,
  type OpenControlPlane,
} from "@cos/control-plane";
import { CosError } from "@cos/core";
import { isAllRead } from "./farewell.ts";
import type { HttpListening } from "./http/listening.ts";
import type { LogOptions } from "./observe/log-options.ts";
import { type Observation, openObservation } from "./observe/observation.ts";
import type { Front } from "./options.ts";
import { sayFailure, speakAs } from "./say.ts";
import { untilToldToEnd } from "./told.ts";
import { chooseTools } from "./tools/toolsets.ts";

/** How often what has expired is removed, in seconds. */
const reapEverySeconds = 60;

/** How long the engine may take to answer before no calls are expected to succeed, in milliseconds. */
const readyMs = 2000;

export interface ServeOptions {
  /** The command that was called. */
  readonly front: Front;
  /** The name that a client acts and owns under which nothing else names. */
  readonly name: string;
  /** Directories below which bind mounts and build contexts must lie. */
  readonly hostRoots: readonly string[];
  /** The operator's rules and whether to refuse all changes, as `openControlPlane` takes them. */
  readonly policyFile: string | undefined;
  readonly readOnly: boolean | undefined;
  /** Names of toolsets and of single tools to offer, as `chooseTools` takes them. */
  readonly toolsets: readonly string[] | undefined;
  readonly tools: readonly string[] | undefined;
  /** Whether the client on standard input is believed what it says that its user answered. */
  readonly trustsDialogs: boolean;
  /** Serves one client over standard input and output unless set. */
  readonly http: HttpListening | undefined;
  /** How calls are written to standard error; they are not unless set. */
  readonly log: LogOptions | undefined;
}

/** Serves clients to the end. Resolves with the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const { front, name, hostRoots, policyFile, readOnly = isReadOnly(process.env), http, log } = options;
  speakAs(front);
  const caller: Caller = { kind: http === undefined ? "stdio" : "http", name, hostRoots };
  const told = untilToldToEnd();
  let controlPlane: OpenControlPlane | undefined;
  let observation: Observation | undefined;
  let exitCode = 1;
  try {
    const choice = { toolsets: options.toolsets, tools: options.tools };
    const [tools, withheld] = [chooseTools({ ...choice, readOnly }), readOnly ? chooseTools(choice) : []];
    const settings = await findEngines();
    const engines = settings.map(({ name: engine }) => engine);
    controlPlane = openControlPlane({ writer: "mcp", policyFile, readOnly, engines: settings, reapEverySeconds });
    const { answers } = controlPlane;
    const metrics = http === undefined ? undefined : { engines, answers };
    observation = await openObservation({ env: process.env, log, metrics });
    const isReady = async () => {
      const [engine = ""] = engines;
      const answered = await answers(engine, AbortSignal.timeout(readyMs));
      return answered ? undefined : `The engine ${engine} does not answer.`;
    };
    // At the start, where whoever configured it looks, and not with the first call.
    assertCaller(caller);
    assertDirectories(hostRoots);
    await controlPlane.loadPolicy();
    const parts = { controlPlane: observation.observe(controlPlane), caller, engines, tools, withheld };
    if (http === undefined) {
      const { serveStdio } = await import("./stdio.ts");
      await serveStdio({ ...parts, trustsDialogs: options.trustsDialogs }, told);
    } else {
      const { listen } = await import("./http/listen.ts");
      await listen(parts, http, told, { ...observation, isReady });
    }
    exitCode = 0;
  } catch (error) {
    sayFailure(CosError.from(error));
  }
  await controlPlane?.close();
  // Nobody waits for a collector of traces that does not answer, nor for who does not read.
  const isDone = (await observation?.close()) !== false && (await isAllRead());
  if (!isDone) process.exit(exitCode);
  return exitCode;
}

/** The engines that the user, and the project that the server was started in, have named. */
async function findEngines() {
  const { configDirectory } = findPaths(process.env);
  return await loadEngines({ env: process.env, configDirectory, workingDirectory: process.cwd() });
}

/** @throws CosError `failed_precondition` for a root below which nothing could ever lie. */
function assertDirectories(roots: readonly string[]): void {
  const wrong = roots.find((root) => statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true);
  if (wrong === undefined) return;
  throw new CosError("failed_precondition", `--root: ${wrong} is no directory.`, {
    hint: "Make it, or leave it out. In a container, it has to be mounted there too.",
  });
}
