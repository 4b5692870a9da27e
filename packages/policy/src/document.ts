import { CosError, fieldsAt, findNearest } from "@cos/core";
import type { Document, Node, Pair } from "yaml";
import type * as z from "zod";

/** What is wrong with a file, and where. Lines and columns count from 1. */
export interface DocumentIssue {
  readonly line: number;
  readonly column: number;
  /** The field, e.g. `rules[2].callerKind`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

type Yaml = typeof import("yaml");

interface Problem {
  readonly offset: number;
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

const maxBytes = 1024 * 1024;
const maxIssues = 100;
const maxShownLength = 300;

/**
 * Reads a file that a person wrote, in YAML or JSON. Anchors, aliases and tags of its own are refused, so it holds what
 * it seems to hold and no more.
 *
 * @param file its name, for messages.
 * @throws CosError `invalid_argument` with the message `FILE:LINE:COLUMN: what is wrong` when it is larger than 1 MiB, is
 * no YAML, or does not fit the schema. `details.issues` lists the first hundred {@link DocumentIssue}s.
 */
export async function parseDocument<Schema extends z.ZodType>(
  text: string,
  file: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  const source = text.replace(/^\uFEFF/, "");
  const refuse = (problems: readonly Problem[]) => toError(file, source, problems);
  if (Buffer.byteLength(source) > maxBytes) throw refuse([at(0, "the file is larger than 1 MiB")]);
  // By its default export, which is all that a bundle has of a package like this one.
  const { default: yaml } = await import("yaml");
  // Keys that are there twice are looked for below: yaml takes the square of their number for it.
  const document = yaml.parseDocument(source, { prettyErrors: false, uniqueKeys: false });
  const broken = findSyntaxErrors(document);
  if (broken.length > 0) throw refuse(broken);
  const forbidden = findForbidden(document, yaml);
  if (forbidden.length > 0) throw refuse(forbidden);
  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  throw refuse(parsed.error.issues.slice(0, maxIssues).flatMap((issue) => toProblems(issue, document, schema, yaml)));
}

const at = (offset: number, message: string, path: readonly PropertyKey[] = []): Problem => ({ offset, path, message });

function findSyntaxErrors({ errors, warnings }: Document): readonly Problem[] {
  const tooDeep = errors.find(({ code }) => code === "RESOURCE_EXHAUSTION");
  if (tooDeep !== undefined) return [at(tooDeep.pos[0], "lists or fields are nested too deeply")];
  // A wrong alias is an alias, which is refused anyway and in words that help more.
  return [...errors, ...warnings]
    .filter(({ code }) => code !== "BAD_ALIAS")
    .map(({ message, pos: [offset] }) => at(offset, message));
}

function findForbidden(document: Document, { isAlias, isMap, isNode, isScalar, visit }: Yaml): readonly Problem[] {
  const problems: Problem[] = [];
  const refuse = (node: unknown, message: string) => problems.push(at(offsetOf(node), message));
  visit(document, (_, node) => {
    if (isAlias(node)) refuse(node, "aliases are refused; put text that starts with * in quotes");
    else if (isNode(node) && node.anchor !== undefined) {
      refuse(node, "anchors are refused; put text that starts with & in quotes");
    }
    const names = new Set<string>();
    for (const { key } of isMap(node) ? node.items : []) {
      const name = isScalar(key) ? key.value : undefined;
      if (typeof name !== "string" || name === "__proto__") refuse(key, "expected the name of a field");
      else if (names.has(name)) refuse(key, `${JSON.stringify(name)} is there twice`);
      else names.add(name);
    }
  });
  return problems;
}

function toProblems(issue: z.core.$ZodIssue, document: Document, schema: z.ZodType, yaml: Yaml): readonly Problem[] {
  const { path } = issue;
  if (issue.code === "invalid_union") {
    // The alternative that was meant is the one of which only a part is wrong.
    const meant = issue.errors.find((inner) => inner.some((part) => part.path.length > 0)) ?? [];
    const inner = meant.map((part) => ({ ...part, path: [...path, ...part.path] }));
    if (inner.length > 0) return inner.flatMap((part) => toProblems(part, document, schema, yaml));
  }
  const node = nodeAt(document, path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.slice(0, maxIssues).map((name) => {
      const nearest = findNearest(name, fieldsAt(schema, path));
      const message = `there is no such field${nearest === undefined ? "" : `; did you mean ${nearest}?`}`;
      const pair = yaml.isMap(node) ? node.items.find(({ key }) => isNamed(key, name)) : undefined;
      return at(offsetOf(pair?.key), message, [...path, name]);
    });
  }
  // Of a name that is wrong, zod's own message only says that it is.
  const message = (issue.code === "invalid_key" ? issue.issues[0]?.message : undefined) ?? issue.message;
  if (node !== undefined || path.length === 0) return [at(offsetOf(node), message, path)];
  return [at(offsetOf(nodeAt(document, path.slice(0, -1))), "is missing", path)];
}

function isNamed(key: Pair["key"], name: string): boolean {
  return (key as { readonly value?: unknown }).value === name;
}

function nodeAt(document: Document, path: readonly PropertyKey[]): Node | undefined {
  return document.getIn(path, true) as Node | undefined;
}

function offsetOf(node: unknown): number {
  return (node as Partial<Node> | null | undefined)?.range?.[0] ?? 0;
}

function toError(file: string, text: string, problems: readonly Problem[]): CosError {
  const issues = problems
    .toSorted((one, other) => one.offset - other.offset)
    .slice(0, maxIssues)
    .map(({ offset, path, message }) => toIssue(text, offset, path, message));
  const [first = ""] = issues.map(
    ({ line, column, path, message }) => `${line}:${column}: ${path === "" ? "" : `${path}: `}${message}`,
  );
  const more = issues.length > 1 ? `; and ${issues.length - 1} more` : "";
  return new CosError("invalid_argument", `${toOneLine(file)}:${first}${more}`, {
    hint: "Correct the file; nothing of it is used as it is.",
    details: { issues },
  });
}

function toIssue(text: string, offset: number, path: readonly PropertyKey[], message: string): DocumentIssue {
  const before = text.slice(0, offset).split("\n");
  const shownPath = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return {
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
    path: toOneLine(shownPath.replace(/^\./, "")),
    message: toOneLine(message),
  };
}

/** What was written may hold anything; a message is one line that moves no cursor and reorders no text. */
function toOneLine(text: string): string {
  const shown = text.length > maxShownLength ? `${text.slice(0, maxShownLength)}…` : text;
  return shown.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
