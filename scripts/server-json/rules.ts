import { type Input, type Package, schema, type ServerJson } from "./document.ts";

/** What belongs in the identifier of an image, and not beside it. */
const inIdentifier = ["version", "registryBaseUrl", "fileSha256"];

/** What is wrong with a server.json by the registry's rules, each with its place; empty when it would be taken. */
export function findProblems({ $schema, name, title, description, version, packages }: ServerJson): string[] {
  const isName = /^[a-zA-Z0-9][a-zA-Z0-9.-]*[a-zA-Z0-9]\/[a-zA-Z0-9][\w.-]*[a-zA-Z0-9]$/.test(name);
  return [
    ...unless($schema === schema, `$schema: expected ${schema}`),
    ...unless(isName && hasLength(name, 3, 200), "name: expected namespace/name of at most 200 characters"),
    ...unless(hasLength(title.trim(), 1, 100), "title: expected 1 to 100 characters"),
    ...unless(hasLength(description, 1, 100), "description: expected 1 to 100 characters"),
    ...unless(isVersion(version), "version: expected one version, no range"),
    ...packages.flatMap((entry, index) => findInPackage(entry).map((problem) => `packages[${index}]: ${problem}`)),
  ];
}

function findInPackage(entry: Package): string[] {
  const { registryType, identifier, version, runtimeHint, transport, environmentVariables = [] } = entry;
  const named = [...(entry.runtimeArguments ?? []), ...(entry.packageArguments ?? [])];
  const inputs = [...named, ...environmentVariables];
  const isImage = registryType === "oci";
  const isIdentifier = isImage ? /^[\w.-]+(?:\/[\w.-]+)+:[\w.-]+$/ : /^\S+$/;
  return [
    ...unless(["npm", "oci"].includes(registryType), "expected npm or oci"),
    ...unless(isIdentifier.test(identifier), "expected a package, or host/name:tag of an image"),
    ...unless(isImage || isVersion(version), "expected one version, no range"),
    ...inIdentifier.flatMap((key) => unless(!isImage || !(key in entry), `${key} belongs in the identifier`)),
    ...unless(entry.runtimeArguments === undefined || runtimeHint !== undefined, "arguments need a runtime"),
    ...named.flatMap(findInArgument),
    ...[...inputs, ...(transport.headers ?? [])].flatMap(findInInput),
    ...findInTransport(transport, inputs),
  ];
}

function findInArgument({ type, name = "", value = "", default: preset = "" }: Input): string[] {
  return [
    ...unless(type === "named" && /^-{1,2}[a-z][a-z-]*$/.test(name), `${name}: expected a flag`),
    ...unless(!value.startsWith(name) && !preset.startsWith(name), `${name}: the value repeats the flag`),
  ];
}

function findInInput({ name, description, format = "string", choices, default: preset, ...input }: Input): string[] {
  const { value = "", variables = {} } = input;
  return [
    ...unless(hasLength(description, 1, 300), `${name}: expected a description`),
    ...unless(["string", "number", "boolean", "filepath"].includes(format), `${name}: no such format`),
    ...unless(preset === undefined || choices?.includes(preset) !== false, `${name}: the default is no choice`),
    ...variablesOf(value).flatMap((variable) => unless(variable in variables, `nothing says what {${variable}} is`)),
    ...Object.entries(variables).flatMap(([variable, inner]) => findInInput({ ...inner, name: variable })),
  ];
}

function findInTransport({ type, url }: Package["transport"], inputs: readonly Input[]): string[] {
  if (type === "stdio") return unless(url === undefined, "stdio has no address");
  const known = inputs.map(({ name }) => name);
  return [
    ...unless(type === "streamable-http", "expected stdio or streamable-http"),
    ...unless(/^https?:\/\/\S+$/.test(url ?? ""), "expected an address"),
    ...variablesOf(url ?? "").flatMap((name) => unless(known.includes(name), `nothing says what {${name}} is`)),
  ];
}

/** The names in curly braces. */
function variablesOf(text: string): string[] {
  return [...text.matchAll(/\{([^}]+)\}/g)].map(([, name = ""]) => name);
}

function unless(right: boolean, problem: string): string[] {
  return right ? [] : [problem];
}

function hasLength(text: string, min: number, max: number): boolean {
  return text.length >= min && text.length <= max;
}

function isVersion(text = ""): boolean {
  return hasLength(text, 1, 255) && /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/.test(text);
}
