import { spawnSync } from "node:child_process";

/** The terminal of this process in raw mode: every key goes to the program, and its output to the screen, as they are. */
export interface RawMode {
  enter(): void;
  /** Restores what was before. */
  leave(): void;
}

/**
 * Prepares raw mode. While this process is suspended, the terminal is as it was before.
 *
 * @param onReturn called when it is raw again after that; its size may be another then.
 */
export function prepareRawMode(stdin: NodeJS.ReadStream, onReturn: () => void): RawMode {
  let entered = false;
  const set = () => {
    stdin.setRawMode(true);
    // Node leaves it to the terminal to put a carriage return before every line feed, which moves the cursor of full-screen programs.
    spawnSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"] });
  };
  const suspend = () => {
    stdin.setRawMode(false);
    process.kill(process.pid, "SIGSTOP");
  };
  const resume = () => {
    // Node believes that it is still raw; the shell has set it as it likes it.
    stdin.setRawMode(false);
    set();
    onReturn();
  };
  return {
    enter() {
      entered = true;
      set();
      process.on("SIGTSTP", suspend).on("SIGCONT", resume);
    },
    leave() {
      if (!entered) return;
      entered = false;
      process.off("SIGTSTP", suspend).off("SIGCONT", resume);
      stdin.setRawMode(false);
    },
  };
}
