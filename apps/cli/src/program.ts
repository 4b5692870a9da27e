import "./interpreted-schemas.ts";
import { catalogue, type EngineSettings, type Operation } from "@cos/control-plane";
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { Shell } from "./completion/scripts.ts";
import { addCopy } from "./cp.ts";
import { doctor } from "./doctor.ts";
import { exec } from "./exec.ts";
import { exitCodes } from "./exit-codes.ts";
import { addFlags, toInput } from "./flags.ts";
import { gc } from "./gc.ts";
import type { Exit } from "./guarded.ts";
import { images, imageWork } from "./images.ts";
import { logs } from "./logs.ts";
import { networks } from "./networks.ts";
import { performAndPrint } from "./perform.ts";
import { printError } from "./printing.ts";
import { ps } from "./ps.ts";
import { reap } from "./reap.ts";
import { run } from "./run.ts";
import { addServe } from "./serve.ts";
import { findEngines } from "./session.ts";
import { addSessionFlags, type SessionOptions, type Settings, toSettings } from "./session-flags.ts";
import { stats } from "./stats.ts";
import { volumes } from "./volumes.ts";
import { service } from "./service.ts";
import { version } from "./version.ts";
import { wait } from "./wait.ts";
import { type Words, words } from "./words.ts";

/** The flags that an operation's command can have. */
interface Options extends SessionOptions {
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly watch?: number | true;
}

/** Turns a command's result into output and an exit code. */
export type Action = (operation: Operation, input: Record<string, unknown>, settings: Settings) => Promise<number>;

/** Commands whose output is more than the operation's own text. */
const actions: Readonly<Record<string, Action>> = {
  container_run: run,
  container_ensure: service,
  container_create: service,
  container_start: service,
  container_recreate: service,
  container_exec: exec,
  container_list: ps,
  container_logs: logs,
  container_stats: stats,
  container_wait: wait,
  container_reap: reap,
  image_list: images,
  image_pull: imageWork,
  image_build: imageWork,
  image_push: imageWork,
  network_list: networks,
  gc,
  volume_list: volumes,
};

/** What groups of operations' commands are about, by their first word. */
const nouns: Readonly<Record<string, string>> = {
  files: "Files of containers: get, put",
  image: "Images: pull, build once and run many times, push",
  network: "Networks that workloads share",
  volume: "Volumes, which keep data between jobs",
};

/** Commands that are no operations: what the operator of an installation sees and decides. Loaded when they are wanted. */
const groups = {
  approvals: "See and decide what waits for a person",
  audit: "See what was done, and check that nobody changed the log",
  engine: "See the engines that there are, and whether they answer",
  grants: "Say yes beforehand, and take it back",
  mcp: "Connect MCP clients to cos",
  policy: "Explain, test and check the rules",
  secrets: "See what secrets there are, and check them",
  token: "Let MCP clients in over HTTP, and take that back",
} as const;

/** Parses the arguments, runs the command, and sets the process's exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const end = argv.indexOf("--");
  const [own, rest] = end === -1 ? [argv, []] : [argv.slice(0, end), argv.slice(end + 1)];
  // Whoever reads the output may stop reading, as `head` does.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreClosedPipe);
  let engines: readonly EngineSettings[];
  try {
    engines = await findEngines();
  } catch (error) {
    printError(error, own.includes("--json"));
    process.exitCode = exitCodes.failed;
    return;
  }
  const program = await toProgram({ rest, engines, exit: (code) => (process.exitCode = code), wanted: own[0] });
  if (argv.length === 0) return program.outputHelp();
  try {
    await program.parseAsync([...own], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version that were asked for are no failure.
    process.exitCode =
      error.exitCode === 0
        ? exitCodes.ok
        : ["run", "exec"].includes(argv[0] ?? "")
          ? exitCodes.cosFailed
          : exitCodes.usage;
  }
}

/** What the parser says of a wrong word, without its own vocabulary. */
function inOurWords(text: string, engines: readonly EngineSettings[]): string {
  const alone = engines.length < 2 ? "$&. There is one engine; a cos.config file names more" : "$&";
  return text
    .replace(/unknown option '--engine'/, alone)
    .replace(/^error: /, "cos: ")
    .replace(/command-argument value '(.*)' is invalid for argument '(.*)'\./, "there is no $2 '$1'.");
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

/** What the command line is made for. */
export interface ProgramOptions {
  /** What stands after `--`. */
  readonly rest: readonly string[];
  readonly engines: readonly EngineSettings[];
  readonly exit: Exit;
  /** The word that the command line begins with: only its command is given its flags. All are, without it. */
  readonly wanted?: string | undefined;
}

/** The whole command line as data; nothing runs until it is parsed. */
export async function toProgram(options: ProgramOptions): Promise<Command> {
  const { engines, exit, wanted } = options;
  const program = new Command("cos")
    .description("Run jobs and services in containers, safely.")
    .version(version, "-V, --version", "Print the version.")
    .helpOption("-h, --help", "Show help.")
    .helpCommand("help [command]", "Show help for a command.")
    .showHelpAfterError("Try: cos --help")
    .configureOutput({ outputError: (text, write) => write(inOurWords(text, engines)) })
    .enablePositionalOptions()
    .exitOverride();
  for (const operation of catalogue) {
    const said = words[operation.name] ?? {};
    const command = addCommand(program, operation, said);
    if (wanted === undefined || wanted === "help" || command.name() === wanted || command.parent?.name() === wanted)
      addBody(command, operation, said, options);
  }
  for (const [name, summary] of Object.entries(groups)) {
    const group = program.command(name).summary(summary).description(`${summary}.`);
    group.showHelpAfterError(`Try: cos ${name} --help`);
    if (wanted !== undefined && wanted !== "help" && wanted !== name) continue;
    const { operatorCommands } = await import("./operator-commands.ts");
    operatorCommands[name as keyof typeof groups](group, exit, options.rest);
    for (const command of group.commands) command.showHelpAfterError(`Try: cos ${name} ${command.name()} --help`);
  }
  addCopy(program, options);
  await addServe(program, wanted === undefined || wanted === "help" || wanted === "serve");
  program
    .command("doctor")
    .description("Check the engine and this installation, and say what to fix.")
    .option("--json", "Print JSON.")
    .action(async ({ json = false }: { json?: boolean }) => exit(await doctor({ json })));
  program
    .command("completion")
    .summary("Print what makes a shell complete cos")
    .description("Prints a script for a shell, which says at its top where it belongs. Names are asked of the engine.")
    .addArgument(new Argument("<shell>", "The shell.").choices(["bash", "zsh", "fish"]))
    .action(async (shell: Shell) => {
      const { completionScripts } = await import("./completion/scripts.ts");
      process.stdout.write(completionScripts[shell]);
    });
  return program;
}

function addCommand(program: Command, operation: Operation, said: Words): Command {
  const path = (said.command ?? operation.name.replaceAll("_", " ")).split(" ");
  const parent = path
    .slice(0, -1)
    .reduce(
      (inner, word) => inner.commands.find((command) => command.name() === word) ?? addGroup(inner, word),
      program,
    );
  return parent
    .command(path.at(-1) ?? operation.name)
    .summary(operation.title)
    .description(said.description ?? operation.description)
    .usage("[options]");
}

function addGroup(program: Command, word: string): Command {
  const summary = nouns[word] ?? "";
  return program
    .command(word)
    .summary(summary)
    .description(`${summary}.`)
    .showHelpAfterError(`Try: cos ${word} --help`);
}

function toSeconds(text: string): number {
  const seconds = Number(text);
  if (/^[0-9]{1,5}$/.test(text) && seconds > 0) return seconds;
  throw new InvalidArgumentError("expected a number of seconds, 1 to 99999");
}

/** The words that a command is called by. */
function pathOf(command: Command): string {
  const { parent } = command;
  return parent?.parent == null ? command.name() : `${parent.name()} ${command.name()}`;
}

function addBody(command: Command, operation: Operation, said: Words, { rest, engines, exit }: ProgramOptions): void {
  addFlags(command, operation, said);
  if (said.watch !== undefined) {
    command.addOption(new Option("--watch [seconds]", said.watch).argParser(toSeconds));
  }
  if (said.interactive === true) {
    command
      .option("-i, --interactive", "Pass standard input on to the program while it runs.")
      .option("-t, --tty", "Give the program this terminal, with all its keys; implies -i.");
  }
  addSessionFlags(command, { engines, changes: operation.effect !== "read" });
  if (said.examples !== undefined)
    command.addHelpText("after", `\nExamples:\n${said.examples.map((line) => `  ${line}`).join("\n")}`);
  command.showHelpAfterError(
    `${said.rest === undefined ? "" : "Put the command after --, as in: cos run busybox -- echo hello\n"}Try: cos ${pathOf(command)} --help`,
  );
  command.action(async () => {
    const { interactive, tty, watch, ...options } = command.opts<Options>();
    const action = actions[operation.name] ?? performAndPrint;
    const watchSeconds = watch === true ? 60 : watch;
    const settings = { ...toSettings(options, engines), interactive, tty, watchSeconds };
    exit(await action(operation, toInput(command, said, rest), settings));
  });
}
