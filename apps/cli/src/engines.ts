import { catalogue, type EngineSettings } from "@cos/control-plane";
import { CosError } from "@cos/core";
import type { Command } from "commander";
import { exitCodes } from "./exit-codes.ts";
import { type Exit, guarded } from "./guarded.ts";
import { performHere } from "./perform.ts";
import { oneLine, printJson } from "./printing.ts";
import { findEngines, openSession } from "./session.ts";
import { toTable } from "./table.ts";

/** What an engine answered, or why it did not. */
type Answer =
  | { readonly version: string; readonly latencyMs: number }
  | { readonly problem: string; readonly hint?: string | undefined };

/** `cos engine`: the engines that cos.config files name. */
export function addEngineCommands(group: Command, exit: Exit): void {
  const leaf = (name: string, summary: string, description: string) =>
    group.command(name).summary(summary).description(description).option("--json", "Print JSON.");

  leaf(
    "ls",
    "List the engines that there are",
    "Lists the engines by name, the default first: where each is reached, and the file that names it. They are named in cos.config.json, .yaml or .toml, in the user's config directory or upwards from the working directory.",
  ).action(async ({ json = false }: { json?: boolean }) => {
    await guarded(json, exit, async () => {
      const engines = await findEngines();
      if (json) printJson({ engines: engines.map((engine, index) => ({ ...engine, default: index === 0 })) });
      else {
        const rows = engines.map((engine, index) => [
          `${engine.name}${index === 0 ? " (default)" : ""}`,
          toAddress(engine),
          engine.source ?? "",
        ]);
        process.stdout.write(
          await toTable(
            ["NAME", "ADDRESS", "NAMED IN"],
            rows.map((row) => row.map(oneLine)),
          ),
        );
      }
      return exitCodes.ok;
    });
  });
  leaf(
    "check",
    "Ask every engine for a sign of life",
    "Connects to every engine, or to those named, and tells its version and how long it took to answer. Fails when one does not answer.",
  )
    .argument("[name...]", "Engines to check. [all]")
    .action(async (names: readonly string[], { json = false }: { json?: boolean }) => {
      await guarded(json, exit, async () => {
        const engines = choose(await findEngines(), names);
        const answers = await ask(engines);
        const failed = answers.filter((answer) => "problem" in answer).length;
        const checked = engines.map(({ name }, index) => ({ name, ...answers[index] }));
        if (json) printJson({ engines: checked });
        else for (const engine of checked) process.stdout.write(`${toLine(engine)}\n`);
        return failed === 0 ? exitCodes.ok : exitCodes.failed;
      });
    });
}

/** @throws CosError `not_found` */
function choose(engines: readonly EngineSettings[], names: readonly string[]): readonly EngineSettings[] {
  const unknown = names.find((name) => engines.every((engine) => engine.name !== name));
  if (unknown === undefined) return names.length === 0 ? engines : engines.filter(({ name }) => names.includes(name));
  throw new CosError("not_found", `There is no engine ${JSON.stringify(unknown)}.`, {
    hint: `There is: ${engines.map(({ name }) => name).join(", ")}`,
  });
}

async function ask(engines: readonly EngineSettings[]): Promise<readonly Answer[]> {
  const ping = catalogue.find(({ name }) => name === "ping");
  if (ping === undefined) throw new TypeError("the catalogue has no ping");
  return await Promise.all(
    engines.map(async ({ name: engine }): Promise<Answer> => {
      const settings = { json: false, quiet: true, yes: false, engines, engine };
      const session = openSession(settings);
      try {
        const { result } = await performHere(session, ping, {});
        const { version, latencyMs } = result as { version: string; latencyMs: number };
        return { version, latencyMs };
      } catch (error) {
        const { message, hint } = CosError.from(error);
        return { problem: message, hint };
      } finally {
        await session[Symbol.asyncDispose]();
      }
    }),
  );
}

function toAddress({ host, context }: EngineSettings): string {
  return host ?? (context === undefined ? "(found like the docker command line does)" : `context ${context}`);
}

function toLine({ name, ...answer }: { readonly name: string } & Partial<Record<string, unknown>>): string {
  if ("problem" in answer) {
    const { problem, hint } = answer as { problem: string; hint?: string };
    // What was tried has a line each.
    const said = problem.replaceAll(/(?<=:)\n\s*/g, " ").replaceAll(/\n\s*/g, "; ");
    return `${name}: ${oneLine(said)}${hint === undefined ? "" : `\n  hint: ${oneLine(hint)}`}`;
  }
  const { version, latencyMs } = answer as { version: string; latencyMs: number };
  return `${name}: version ${oneLine(version)}, answered in ${latencyMs.toFixed(1)} ms`;
}
