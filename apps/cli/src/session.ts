import { type Caller, openControlPlane, type OpenControlPlane } from "@cos/control-plane";
import { type Interruption, watchForInterruption } from "./interruption.ts";
import type { Settings } from "./program.ts";

/** One run of an operation's command: its control plane, who it acts for, and what interrupts it. */
export interface Session extends AsyncDisposable {
  readonly controlPlane: OpenControlPlane;
  readonly caller: Caller;
  readonly settings: Settings;
  readonly interruption: Pick<Interruption, "signal" | "code">;
}

export function openSession(settings: Settings): Session {
  const { policyFile, readOnly } = settings;
  const controlPlane = openControlPlane({ writer: "cli", policyFile, readOnly });
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

/** Who runs this command: a person, where both ends are a terminal. */
export function hereCaller(): Caller {
  const terminal = process.stdin.isTTY && process.stdout.isTTY;
  return { kind: terminal ? "terminal" : "script", name: "user", hostRoots: [process.cwd()] };
}
