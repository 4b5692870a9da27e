import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "../testing/cos.ts";
import { listByLabel, removeByLabel, waitUntilGone } from "../testing/engine.ts";
import { type AtTerminal, ctrlC, ctrlD, startAtTerminal } from "../testing/terminal.ts";

const mark = `cli-tty-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
const soon = { timeout: 15_000, interval: 20 };
let installation: Installation;
const terminals: AtTerminal[] = [];

beforeAll(() => {
  installation = makeInstallation();
});
afterEach(async () => {
  for (const terminal of terminals.splice(0)) terminal.close();
  try {
    await waitUntilGone(label);
  } finally {
    await removeByLabel(label);
  }
});
afterAll(() => installation.remove());

/** Starts a job at a terminal. Without a command line it is the image's own shell. */
function startJob(line?: string, flags: readonly string[] = []) {
  const command = line === undefined ? [] : ["--cmd", line];
  const args = ["run", "-it", "--pull", "never", "--label", label, ...flags, ...command, "busybox"];
  return start(args);
}

function start(args: readonly string[], of = installation, redirection = ""): AtTerminal {
  const terminal = startAtTerminal(of, args, { redirection });
  terminals.push(terminal);
  return terminal;
}

const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

describe("cos run -it", () => {
  test("is a shell to talk with, as large as the terminal", async () => {
    const terminal = startJob();
    await terminal.shows("/ # ");
    terminal.type("stty size\r");
    await terminal.shows("stty size\r\n24 80\r\n");
    await terminal.shows("/ # ");
    await terminal.resize({ columns: 132, rows: 50 });
    const changed = async () => {
      terminal.type("stty size\r");
      await terminal.shows("/ # ");
      return terminal.shown().includes("\r\n50 132\r\n");
    };
    await expect.poll(changed, soon).toBe(true);
    terminal.type("exit 3\r");
    const { code, modes } = await terminal.ended;
    expect(code).toBe(3);
    expect(modes.after).toBe(modes.before);
  });

  test("passes Ctrl-C to the program, each time, and the shell goes on", async () => {
    const terminal = startJob();
    await terminal.shows("/ # ");
    for (const text of ["one", "two"]) {
      // The program that Ctrl-C is for has the terminal before it writes.
      terminal.type(`sh -c 'echo ${text}; exec sleep 600'\r`);
      await terminal.shows(`\n${text}\r\n`);
      terminal.type(ctrlC);
      await terminal.shows("^C");
      await terminal.shows("/ # ");
    }
    terminal.type(`${ctrlC}${ctrlC}echo still here\r`);
    await terminal.shows("\nstill here\r\n");
    await terminal.shows("/ # ");
    terminal.type(ctrlD);
    expect(await terminal.ended).toMatchObject({ code: expect.any(Number) });
  });

  test("ends with Ctrl-D", async () => {
    const terminal = startJob("cat; exit 4");
    terminal.type("hello\n");
    await terminal.shows("hello\r\nhello\r\n");
    terminal.type(ctrlD);
    expect(await terminal.ended).toMatchObject({ code: 4 });
  });

  test("shows the program's output and nothing else, byte for byte", async () => {
    const { shown, code, modes } = await startJob("stty raw; printf 'a\\nb\\033[2J\\tc\\001'").ended;
    expect({ shown, code }).toEqual({ shown: "a\nb\u001b[2J\tc\u0001", code: 0 });
    expect(modes.after).toBe(modes.before);
    expect((await startJob("echo hello; exit 5").ended).shown).toBe("hello\r\n");
  });

  test("passes a paste of 100 KB whole", async () => {
    const pasted = Buffer.from(randomBytes(75_000).toString("base64"));
    const terminal = startJob(`stty raw -echo; echo ready; head -c ${pasted.byteLength} | sha256sum`);
    await terminal.shows("ready");
    terminal.type(pasted);
    await terminal.shows(sha256(pasted));
    expect(await terminal.ended).toMatchObject({ code: 0 });
  });

  test("passes every key", async () => {
    const keys = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const terminal = startJob("stty raw -echo; echo ready; head -c 256 | sha256sum");
    await terminal.shows("ready");
    terminal.type(keys);
    await terminal.shows(sha256(keys));
    expect(await terminal.ended).toMatchObject({ code: 0 });
  });

  test("has the terminal in raw mode while the program runs", async () => {
    const terminal = startJob("echo ready; cat");
    await terminal.shows("ready");
    await expect.poll(() => terminal.modes(), soon).toMatch(/\s-opost\b/);
    for (const mode of ["-isig", "-icanon", "-echo", "-ixon", "-icrnl"])
      expect(await terminal.modes()).toMatch(new RegExp(`\\s${mode}\\b`));
    terminal.type(ctrlD);
    const { modes } = await terminal.ended;
    expect(modes.after).toBe(modes.before);
  });

  test.each([
    ["SIGTERM", 143],
    ["SIGHUP", 143],
    ["SIGINT", 130],
  ] as const)("%s to cos kills the job and restores the terminal", async (signal, expected) => {
    const terminal = startJob("trap '' INT TERM HUP; echo ready; while true; do sleep 1; done");
    await terminal.shows("ready");
    await terminal.kill(signal);
    const { code, modes } = await terminal.ended;
    expect(code).toBe(expected);
    expect(modes.after).toBe(modes.before);
  });

  test("a second signal ends cos at once, with the terminal restored", async () => {
    const terminal = startJob("echo ready; while true; do sleep 1; done");
    await terminal.shows("ready");
    await terminal.kill("SIGTERM");
    await terminal.kill("SIGTERM").catch(() => undefined);
    const { code, modes } = await terminal.ended;
    expect(code).toBe(143);
    expect(modes.after).toBe(modes.before);
    await removeByLabel(label);
  });

  test("ends the job when the terminal is taken away", async () => {
    const terminal = startJob("echo ready; while true; do sleep 1; done");
    await terminal.shows("ready");
    const pid = await terminal.pid();
    terminal.close();
    await expect.poll(() => isAlive(pid), soon).toBe(false);
  });

  test("gives the terminal back while it is suspended, and takes it again", async () => {
    const terminal = startJob("echo ready; cat");
    await terminal.shows("ready");
    await expect.poll(() => terminal.modes(), soon).toMatch(/\s-opost\b/);
    await terminal.kill("SIGTSTP");
    await expect.poll(() => terminal.modes(), soon).toMatch(/\sicanon\b/);
    const stateOf = (pid: number) => /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    const pid = await terminal.pid();
    await expect.poll(() => stateOf(pid), soon).toBe("T");
    await terminal.resize({ columns: 100, rows: 30 });
    await terminal.kill("SIGCONT");
    await expect.poll(() => terminal.modes(), soon).toMatch(/\s-opost\b/);
    terminal.type("again\r");
    await terminal.shows("again\r\nagain\r\n");
    terminal.type(ctrlD);
    const { code, modes } = await terminal.ended;
    expect(code).toBe(0);
    expect(modes.after.replace(/^[^:]*/, "")).toBe(modes.before.replace(/^[^:]*/, ""));
  });

  test("waits for a terminal that shows nothing more, holds little meanwhile, and can be ended", async () => {
    const terminal = startJob("yes 0123456789012345678901234567890123456789");
    await terminal.shows("0123");
    terminal.pause();
    const pid = await terminal.pid();
    const residentKib = () => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
    const cpuTicks = () => Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(" ")[13]);
    // It stands still once what lies before it is full.
    await expect
      .poll(
        async () => {
          const before = cpuTicks();
          await new Promise((resolve) => setTimeout(resolve, 300));
          return cpuTicks() - before;
        },
        { timeout: 20_000, interval: 50 },
      )
      .toBeLessThan(15);
    expect(residentKib()).toBeLessThan(200_000);
    await terminal.kill("SIGTERM");
    await expect.poll(() => isAlive(pid), soon).toBe(false);
    terminal.resume();
    expect((await terminal.ended).code).toBe(143);
  });

  test("is interrupted by Ctrl-C before the program runs", async () => {
    const flags = ["--base", "busybox", "--provision", `echo ${mark}; sleep 30`];
    const args = ["run", "-it", "--pull", "never", "--label", label, ...flags, "--cmd", "cat"];
    const terminal = start(args);
    await terminal.shows("build:");
    terminal.type(ctrlC);
    const { code, modes } = await terminal.ended;
    expect(code).toBe(130);
    expect(modes.after).toBe(modes.before);
  });

  test("asks first where the rules say so, and leaves to the program what was typed for it", async () => {
    const asking = makeInstallation();
    try {
      asking.writePolicy(
        JSON.stringify({
          rules: [{ name: "ask", operation: "container_run", decision: "confirm", reason: "because" }],
        }),
      );
      const args = ["run", "-it", "--pull", "never", "--label", label, "--cmd", "read line; echo got $line", "busybox"];
      const terminal = start(args, asking);
      await terminal.shows("Go ahead? [y/N] ");
      expect(await terminal.modes()).toMatch(/\sicanon\b/);
      terminal.type("y\nhello there\n");
      await terminal.shows("got hello there\r\n");
      expect(await terminal.ended).toMatchObject({ code: 0 });

      const refusing = start(args, asking);
      await refusing.shows("Go ahead? [y/N] ");
      refusing.type("n\n");
      const { code, modes } = await refusing.ended;
      expect(code).toBe(125);
      expect(modes.after).toBe(modes.before);
    } finally {
      asking.remove();
    }
  });

  test("needs a terminal at both ends", async () => {
    for (const attempt of [
      () => installation.cos(["run", "-it", "--label", label, "busybox"]),
      async () => {
        const args = ["run", "-t", "--label", label, "busybox"];
        const { code, shown } = await start(args, installation, "| cat").ended;
        return { code: code === 0 ? 125 : code, stderr: shown };
      },
    ]) {
      const { code, stderr } = await attempt();
      expect(code).toBe(125);
      expect(stderr).toContain("There is no terminal here that -t could give to the program.");
      expect(stderr).toContain("Use -i alone");
    }
    expect(await listByLabel(label)).toEqual([]);
  });

  test("has no result to print as JSON", async () => {
    const { code, shown } = await startJob("true", ["--json"]).ended;
    expect(code).toBe(125);
    expect(shown).toContain('"code":"invalid_argument"');
  });
});
