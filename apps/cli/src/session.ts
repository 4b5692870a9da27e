import {
  type Caller,
  type EngineSettings,
  findPaths,
  loadEngines,
  openControlPlane,
  type OpenControlPlane,
} from "@cos/control-plane";
import { type Interruption, watchForInterruption } from "./interruption.ts";
import type { Settings } from "./session-flags.ts";

/** One run of an operation's command: its control plane, who it acts for, and what interrupts it. */
export interface Session extends AsyncDisposable {
  readonly controlPlane: OpenControlPlane;
  readonly caller: Caller;
  readonly settings: Settings;
  readonly interruption: Pick<Interruption, "signal" | "code">;
}

export function openSession(settings: Settings): Session {
  const { policyFile, readOnly, engines } = settings;
  const controlPlane = openControlPlane({ writer: "cli", policyFile, readOnly, engines });
  const interruption = watchForInterruption();
  return {
    controlPlane,
    settings,
    caller: hereCaller(),
    interruption,
    async [Symbol.asyncDispose]() {
      await controlPlane.close({ handOver: true });
      interruption.close();
    },
  };
}

/** The engines that this user, and the project of the working directory, have named. @throws CosError as `loadEngines` */
export async function findEngines(): Promise<readonly EngineSettings[]> {
  const { configDirectory } = findPaths(process.env);
  return await loadEngines({ env: process.env, configDirectory, workingDirectory: process.cwd() });
}

/** Who runs this command: a person, where both ends are a terminal. */
export function hereCaller(): Caller {
  const terminal = process.stdin.isTTY && process.stdout.isTTY;
  return { kind: terminal ? "terminal" : "script", name: "user", hostRoots: [process.cwd()] };
}
