import type { ContainerSummary } from "@cos/control-plane";
import { exitCodes } from "./exit-codes.ts";
import { performHere, withSession } from "./perform.ts";
import { printJson } from "./printing.ts";
import type { Action } from "./program.ts";
import { toAge, toTable } from "./table.ts";

/** `cos ps`: containers as a table, or with --quiet their ids. */
export const ps: Action = (operation, input, settings) =>
  withSession(settings, async (session) => {
    const { result } = await performHere(session, operation, input);
    const { containers } = result as { containers: ContainerSummary[] };
    if (settings.json) printJson(result);
    else if (settings.quiet) process.stdout.write(containers.map(({ id }) => `${id.slice(0, 12)}\n`).join(""));
    else process.stdout.write(await toTable(titles, containers.map(toRow)));
    return exitCodes.ok;
  });

const titles = ["ID", "NAME", "IMAGE", "STATE", "OWNER", "AGE", "PORTS"];

function toRow(container: ContainerSummary): string[] {
  const { id, name, image, state, exitCode, owner, ownership, createdAt, ports } = container;
  const ended = exitCode === undefined ? state : `${state} (${exitCode})`;
  const shown = [id.slice(0, 12), name, toShortImage(image), ended, owner ?? `(${ownership})`];
  return [...shown, toAge(createdAt), ports.join(", ")];
}

/** An image that has no name goes by the start of its id. */
function toShortImage(image: string): string {
  return image.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]{52}$/, "$1");
}
