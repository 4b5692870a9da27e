import { printable } from "@cos/core";
import type { ContainerSummary } from "@cos/control-plane";
import { exitCodes } from "./exit-codes.ts";
import { performHere, withSession } from "./perform.ts";
import { coloured, printJson } from "./printing.ts";
import type { Action } from "./program.ts";

/** `cos ps`: containers as a table, or with --quiet their ids. */
export const ps: Action = (operation, input, settings) =>
  withSession(settings, async (session) => {
    const { result } = await performHere(session, operation, input);
    const { containers } = result as { containers: ContainerSummary[] };
    if (settings.json) printJson(result);
    else if (settings.quiet) process.stdout.write(containers.map(({ id }) => `${id.slice(0, 12)}\n`).join(""));
    else process.stdout.write(await toTable(containers));
    return exitCodes.ok;
  });

async function toTable(containers: readonly ContainerSummary[]): Promise<string> {
  const { default: Table } = await import("cli-table3");
  const none = {
    "top-left": "",
    "top-mid": "",
    "top-right": "",
    top: "",
    left: "",
    "left-mid": "",
    mid: "",
    "mid-mid": "",
    right: "",
    "right-mid": "",
    "bottom-left": "",
    "bottom-mid": "",
    "bottom-right": "",
    bottom: "",
    middle: "  ",
  };
  const table = new Table({ chars: none, style: { head: [], border: [], "padding-left": 0, "padding-right": 0 } });
  table.push(
    ["ID", "NAME", "IMAGE", "STATE", "OWNER", "AGE", "PORTS"].map((title) => coloured(process.stdout, "bold", title)),
  );
  for (const { id, name, image, state, exitCode, owner, ownership, createdAt, ports } of containers) {
    const ended = exitCode === undefined ? state : `${state} (${exitCode})`;
    table.push(
      [
        id.slice(0, 12),
        name,
        toShortImage(image),
        ended,
        owner ?? `(${ownership})`,
        toAge(createdAt),
        ports.join(", "),
      ].map(printable),
    );
  }
  return `${table.toString().replace(/ +$/gm, "")}\n`;
}

/** An image that has no name goes by the start of its id. */
function toShortImage(image: string): string {
  return image.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]{52}$/, "$1");
}

const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
] as const;

function toAge(createdAt: string): string {
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(createdAt)) / 1000));
  const [unit, length] = units.find(([, size]) => seconds >= size) ?? ["s", 1];
  return `${Math.floor(seconds / length)}${unit}`;
}
