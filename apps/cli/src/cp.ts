import { basename, resolve } from "node:path";
import { catalogue, type Operation } from "@cos/control-plane";
import { CosError, printable } from "@cos/core";
import type { Command } from "commander";
import { exitCodes } from "./exit-codes.ts";
import { LocalPlace } from "./local-files.ts";
import { performHere, withSession } from "./perform.ts";
import { printJson } from "./printing.ts";
import type { ProgramOptions } from "./program.ts";
import type { Session } from "./session.ts";
import { addSessionFlags, type SessionOptions, type Settings, toSettings } from "./session-flags.ts";

const description =
  "Copies a file or directory out of a container that cos made, or into one: exactly one of the two is written CONTAINER:PATH, with an absolute path. An existing directory takes it under its own name; otherwise it gets the name given. Containers need not run. Links, devices and setuid bits are not copied, and said so. A read-only root, a directory of the host and a tmpfs cannot be written to, and a tmpfs cannot be read. A file replaces only files.";

interface Copied {
  readonly bytes: number;
  readonly written?: number;
  readonly files?: readonly { readonly type: string }[];
  readonly omitted?: number;
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

/** `cos cp`: container_files_get and container_files_put, as one command in the words of cp. */
export function addCopy(program: Command, { engines, exit }: Pick<ProgramOptions, "engines" | "exit">): void {
  const command = program
    .command("cp")
    .summary("Copy files out of a container, or into one")
    .description(description)
    .argument("<source>", "CONTAINER:PATH, or a file or directory here.")
    .argument("<destination>", "A file or directory here, or CONTAINER:PATH.")
    .addHelpText("after", "\nExamples:\n  cos cp web:/var/log/nginx ./logs\n  cos cp ./site web:/srv")
    .showHelpAfterError("Try: cos cp --help");
  addSessionFlags(command, { engines, changes: true });
  command.action(async (source: string, destination: string, options: SessionOptions) => {
    exit(await copy(source, destination, toSettings(options, engines)));
  });
}

async function copy(source: string, destination: string, settings: Settings): Promise<number> {
  return await withSession(settings, async (session) => {
    const [from, to] = [toRemote(source), toRemote(destination)];
    if ((from === undefined) === (to === undefined)) {
      throw new CosError("invalid_argument", "Exactly one of the two is a place in a container.", {
        hint: "Write it CONTAINER:/PATH; write a file here whose name has a colon as ./NAME.",
      });
    }
    const copied =
      from === undefined
        ? await copyIn(session, source, to ?? { container: "", path: "" })
        : await copyOut(session, from, destination);
    if (settings.json) printJson(copied.result);
    else if (!settings.quiet) say(copied);
    return exitCodes.ok;
  });
}

interface Remote {
  readonly container: string;
  readonly path: string;
}

interface Outcome {
  readonly result: Copied;
  readonly to: string;
}

function toRemote(text: string): Remote | undefined {
  const [, container, path] = /^([A-Za-z0-9][A-Za-z0-9_.-]*):(\/.*)$/s.exec(text) ?? [];
  if (container === undefined || path === undefined) return undefined;
  return { container, path: path === "/" ? path : path.replace(/\/$/, "") };
}

async function copyOut(session: Session, { container, path }: Remote, destination: string): Promise<Outcome> {
  const place = await LocalPlace.named(destination, basename(path) || container);
  let isSingle = true;
  const { result } = await performHere(
    session,
    find("container_files_get"),
    { container, path },
    {
      files: async (_, entry) => {
        if (entry.path === ".") isSingle = false;
        await place.write(entry, isSingle);
      },
    },
  );
  return { result: result as Copied, to: place.path };
}

/** What a person names on the command line is theirs to read, so it is a root of this call. */
async function copyIn(session: Session, source: string, { container, path }: Remote): Promise<Outcome> {
  const named = resolve(source);
  const { caller } = session;
  const own: Session = { ...session, caller: { ...caller, hostRoots: [...caller.hostRoots, named] } };
  const { result } = await performHere(own, find("container_files_put"), { container, path, source: named });
  return { result: result as Copied, to: `${container}:${(result as { path: string }).path}` };
}

function find(name: string): Operation {
  const operation = catalogue.find((known) => known.name === name);
  if (operation === undefined) throw new Error(`there is no operation ${name}`);
  return operation;
}

function say({ result, to }: Outcome): void {
  const { bytes, skipped, omitted = 0, written, files = [] } = result;
  for (const { path, reason } of skipped)
    process.stderr.write(`cos: skipped ${printable(path)}: ${printable(reason)}\n`);
  const count = written ?? files.filter(({ type }) => type === "file").length + omitted;
  process.stdout.write(`copied ${count} file${count === 1 ? "" : "s"} (${bytes} bytes) to ${printable(to)}\n`);
}
