import {
  assertCaller,
  type Caller,
  findPaths,
  loadEngines,
  openControlPlane,
  type OpenControlPlane,
} from "@cos/control-plane";
import { CosError } from "@cos/core";
import { sayFailure } from "./say.ts";
import { serveStdio, untilToldToEnd } from "./stdio.ts";

/** How often what has expired is removed, in seconds. */
const reapEverySeconds = 60;

export interface ServeOptions {
  /** The name that the client acts and owns under. */
  readonly name: string;
  /** Directories below which bind mounts and build contexts must lie. */
  readonly hostRoots: readonly string[];
  /** The operator's rules and whether to refuse all changes, as `openControlPlane` takes them. */
  readonly policyFile: string | undefined;
  readonly readOnly: boolean | undefined;
}

/** Serves one client over standard input and output, to the end. Resolves with the exit code. */
export async function serve({ name, hostRoots, policyFile, readOnly }: ServeOptions): Promise<number> {
  const caller: Caller = { kind: "stdio", name, hostRoots };
  const told = untilToldToEnd();
  let controlPlane: OpenControlPlane | undefined;
  try {
    const engines = await findEngines();
    controlPlane = openControlPlane({ writer: "mcp", policyFile, readOnly, engines, reapEverySeconds });
    // At the start, where whoever configured it looks, and not with the first call.
    assertCaller(caller);
    await controlPlane.loadPolicy();
    await serveStdio({ controlPlane, caller, engines: engines.map(({ name: engine }) => engine) }, told);
    return 0;
  } catch (error) {
    sayFailure(CosError.from(error));
    return 1;
  } finally {
    await controlPlane?.close();
  }
}

/** The engines that the user, and the project that the server was started in, have named. */
async function findEngines() {
  const { configDirectory } = findPaths(process.env);
  return await loadEngines({ env: process.env, configDirectory, workingDirectory: process.cwd() });
}
