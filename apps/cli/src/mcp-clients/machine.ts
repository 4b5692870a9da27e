import { homedir } from "node:os";
import { join } from "node:path";

/** Where programs of this machine keep what they are told. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** The directory of the project, for configuration that belongs to one. */
  readonly project: string;
}

/** This machine, for this user. */
export function thisMachine(): Machine {
  return { platform: process.platform, home: homedir(), env: process.env, project: process.cwd() };
}

/** Where desktop programs keep their settings. */
export function settingsDirectory({ platform, home, env }: Machine): string {
  if (platform === "darwin") return join(home, "Library", "Application Support");
  if (platform === "win32") return env["APPDATA"] || join(home, "AppData", "Roaming");
  return env["XDG_CONFIG_HOME"] || join(home, ".config");
}
