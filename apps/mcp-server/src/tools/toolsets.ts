import { catalogue, type Operation } from "@cos/control-plane";
import { CosError, findNearest } from "@cos/core";

/** What an agent needs to run jobs, keep services and clean up after itself; the rest would only fill its context. */
const defaultSet: ReadonlySet<string> = new Set([
  "container_run",
  "container_ensure",
  "container_exec",
  "container_list",
  "container_inspect",
  "container_logs",
  "container_wait",
  "container_stop",
  "container_restart",
  "container_rm",
  "container_files_get",
  "container_files_put",
  "image_build",
  "gc",
  "ping",
]);

const isAbout =
  (noun: string) =>
  ({ name }: Operation): boolean =>
    name.startsWith(`${noun}_`);

/** The named choices of tools: for each, whether it has an operation. */
const toolsets: ReadonlyMap<string, (operation: Operation) => boolean> = new Map([
  ["default", ({ name }: Operation) => defaultSet.has(name)],
  ["all", () => true],
  ["containers", isAbout("container")],
  ["images", isAbout("image")],
  ["networks", isAbout("network")],
  ["volumes", isAbout("volume")],
  ["engine", ({ name }: Operation) => ["engine_info", "gc", "ping"].includes(name)],
]);

/** What `toolsets` of a {@link ToolChoice} can name. */
export const toolsetNames: readonly string[] = [...toolsets.keys()];

/** Which tools the operator wants to offer. */
export interface ToolChoice {
  /** Names of toolsets; `default` unless set or `tools` names some. */
  readonly toolsets?: readonly string[] | undefined;
  /** Names of single tools, beside those of the toolsets. */
  readonly tools?: readonly string[] | undefined;
  /** Leaves out what changes something. */
  readonly readOnly?: boolean | undefined;
}

/**
 * The operations that are offered as tools, in the order of the catalogue.
 *
 * @throws CosError `invalid_argument` when a name is none, or nothing is left to offer.
 */
export function chooseTools({ toolsets: sets, tools = [], readOnly = false }: ToolChoice = {}): readonly Operation[] {
  const names = new Set(catalogue.map(({ name }) => name));
  for (const name of tools) if (!names.has(name)) throw unknown("tool", name, names);
  const has = (sets ?? (tools.length > 0 ? [] : ["default"])).map((name) => {
    return toolsets.get(name) ?? toss(unknown("toolset", name, toolsets.keys()));
  });
  const chosen = catalogue.filter(
    (operation) => tools.includes(operation.name) || has.some((includes) => includes(operation)),
  );
  const offered = readOnly ? chosen.filter(({ effect }) => effect === "read") : chosen;
  if (offered.length > 0) return offered;
  throw new CosError("invalid_argument", "None of the chosen tools is left to offer.", {
    hint: "With --read-only, only tools that change nothing are offered.",
  });
}

function unknown(kind: string, name: string, known: Iterable<string>): CosError {
  const all = [...known];
  const nearest = findNearest(name, all);
  return new CosError("invalid_argument", `There is no ${kind} ${JSON.stringify(name)}.`, {
    hint: nearest === undefined ? `There are: ${all.join(", ")}` : `Did you mean ${nearest}?`,
  });
}

function toss(error: CosError): never {
  throw error;
}
