import type { EngineSettings } from "@cos/control-plane";
import { type Command, Option } from "commander";

/** What the command line says beside the operation's own input. */
export interface Settings {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Answers yes where policy asks for a confirmation. */
  readonly yes: boolean;
  readonly policyFile?: string | undefined;
  readonly readOnly?: boolean | undefined;
  /** The engines that there are, the default first. */
  readonly engines?: readonly EngineSettings[] | undefined;
  /** The one to use; the default unless set. */
  readonly engine?: string | undefined;
  /** Passes standard input on to what runs. */
  readonly interactive?: boolean | undefined;
  /** Gives it this terminal. */
  readonly tty?: boolean | undefined;
  /** Does it again this often, until it is interrupted. */
  readonly watchSeconds?: number | undefined;
}

/** The flags that every command which performs operations has. */
export interface SessionOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly yes?: boolean;
  readonly policy?: string;
  readonly readOnly?: boolean;
  readonly engine?: string;
}

/** @param changes whether the command can change something, so that a question may have to be answered. */
export function addSessionFlags(
  command: Command,
  { engines, changes }: { readonly engines: readonly EngineSettings[]; readonly changes: boolean },
): void {
  command
    .option("--json", "Print the whole result as JSON.")
    .option("-q, --quiet", "Print only what is essential.")
    .option("--policy <file>", "Rules to use instead of those in the user's config directory.")
    .option("--read-only", "Refuse everything that changes something.");
  const [first, ...others] = engines.map(({ name }) => name);
  if (first !== undefined && others.length > 0) {
    command.addOption(new Option("--engine <name>", `The engine to use. [${first}]`).choices([first, ...others]));
  }
  if (changes) command.option("-y, --yes", "Answer yes where policy asks for a confirmation.");
}

export function toSettings(options: SessionOptions, engines: readonly EngineSettings[]): Settings {
  const { json = false, quiet = false, yes = false, policy, readOnly, engine } = options;
  return { json, quiet, yes, policyFile: policy, readOnly, engines, engine };
}
