import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "../testing/cos.ts";
import { askEngine, listByLabel, removeByLabel } from "../testing/engine.ts";
import { type AtTerminal, ctrlC, ctrlD, startAtTerminal } from "../testing/terminal.ts";

const mark = `cli-tty-exec-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
const soon = { timeout: 15_000, interval: 20 };
const terminals: AtTerminal[] = [];
let installation: Installation;

beforeAll(async () => {
  installation = makeInstallation();
  const flags = ["--detach", "--pull", "never", "--label", label, "--name", mark, "--timeout", "600"];
  const { code, stderr } = await installation.cos(["run", ...flags, "busybox", "--", "sleep", "600"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
afterEach(() => {
  for (const terminal of terminals.splice(0)) terminal.close();
});
afterAll(async () => {
  try {
    await removeByLabel(label);
  } finally {
    installation.remove();
  }
});

function startCommand(...command: readonly string[]): AtTerminal {
  const terminal = startAtTerminal(installation, ["exec", "-it", mark, "--", ...command]);
  terminals.push(terminal);
  return terminal;
}

/** The commands that run in the container. */
async function processes(): Promise<string[]> {
  const [container] = await listByLabel(label);
  const { body } = await askEngine("GET", `/containers/${container?.Id}/top?ps_args=-eo%20pid,args`);
  return (body as { Processes: string[][] }).Processes.map(([, command = ""]) => command);
}

describe("cos exec -it", () => {
  test("is a shell in the container, which ends as it ends", async () => {
    const terminal = startCommand("sh");
    await terminal.shows("/ # ");
    terminal.type("tty; stty size\r");
    await terminal.shows("/dev/pts/");
    await terminal.shows("24 80\r\n");
    await terminal.resize({ columns: 100, rows: 30 });
    const changed = async () => {
      terminal.type("stty size\r");
      await terminal.shows("/ # ");
      return terminal.shown().includes("\r\n30 100\r\n");
    };
    await expect.poll(changed, soon).toBe(true);
    // The program that Ctrl-C is for has the terminal before it writes.
    terminal.type("sh -c 'echo first; exec sleep 600'\r");
    await terminal.shows("\nfirst\r\n");
    terminal.type(ctrlC);
    await terminal.shows("^C");
    terminal.type("echo second; exit 3\r");
    await terminal.shows("\nsecond\r\n");
    const { code, modes } = await terminal.ended;
    expect(code).toBe(3);
    expect(modes.after).toBe(modes.before);
  });

  test("ends with Ctrl-D", async () => {
    const terminal = startCommand("cat");
    terminal.type("hello\r");
    await terminal.shows("hello\r\nhello\r\n");
    terminal.type(ctrlD);
    expect((await terminal.ended).code).toBe(0);
  });

  test.each([
    ["SIGTERM", 143],
    ["SIGHUP", 143],
  ] as const)("on %s, kills everything that it started, and restores the terminal", async (signal, expected) => {
    const terminal = startCommand(
      "sh",
      "-c",
      "trap '' TERM HUP; sleep 6001 & setsid sleep 6002 & echo ready; wait; wait",
    );
    await terminal.shows("ready");
    const sleeping = async () => (await processes()).filter((command) => /^sleep 600[12]$/.test(command));
    expect(await sleeping()).toHaveLength(2);
    await terminal.kill(signal);
    const { code, modes } = await terminal.ended;
    expect(code).toBe(expected);
    expect(modes.after).toBe(modes.before);
    expect(await sleeping()).toEqual([]);
  });

  test("says what is wrong with a command that there is not, with the terminal restored", async () => {
    const { code, shown, modes } = await startCommand("/no/such/program").ended;
    expect(code).toBeGreaterThan(0);
    expect(shown).toMatch(/no such file/i);
    expect(modes.after).toBe(modes.before);
  });
});

describe("cos exec -i", () => {
  test("passes on what is written to it as it comes, and its end", async () => {
    const running = installation.start(["exec", "-i", mark, "--cmd", "cat; echo end >&2; exit 6"], { keepStdin: true });
    running.write("one\n");
    await running.printed("one\n");
    running.write("two\n");
    await running.printed("one\ntwo\n");
    running.endInput();
    expect(await running.ended).toMatchObject({ code: 6, stdout: "one\ntwo\n", stderr: "end\n" });
  });
});
