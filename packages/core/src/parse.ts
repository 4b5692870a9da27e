import type * as z from "zod";
import { CosError } from "./errors.ts";
import { findNearest } from "./nearest.ts";
import { fieldsAt } from "./schema-fields.ts";

/** Longest part of a message that repeats what the caller wrote, in characters. */
const maxShownLength = 200;

/**
 * Checks `value` against `schema`.
 *
 * @param subject what the value is, for the message.
 * @throws CosError `invalid_argument`; `details.issues` lists every wrong field with its path.
 */
export function parseWith<Schema extends z.ZodType>(schema: Schema, value: unknown, subject: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  const found = parsed.success ? findPrototypeKeys(value) : parsed.error.issues;
  if (parsed.success && found.length === 0) return parsed.data;
  const issues = found.map((issue) => ({
    path: toOneLine(formatPath(issue.path)),
    message: toOneLine(messageOf(issue, schema)),
  }));
  const shown = issues.slice(0, 5).map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  const rest = issues.length > shown.length ? `; and ${issues.length - shown.length} more` : "";
  throw new CosError("invalid_argument", `The ${subject} is not valid: ${shown.join("; ")}${rest}`, {
    details: { issues },
  });
}

type Issue = Pick<z.core.$ZodIssue, "path" | "message"> & { readonly issues?: unknown; readonly keys?: unknown };

/** Of a record's wrong key, what is wrong with it; zod's own message only says that something is. Of an unknown field, which was meant. */
function messageOf({ path, message, issues, keys }: Issue, schema: z.ZodType): string {
  const [first] = Array.isArray(issues) ? (issues as Partial<Issue>[]) : [];
  if (!Array.isArray(keys)) return first?.message ?? message;
  const known = fieldsAt(schema, path);
  const meant = (keys as string[]).slice(0, 5).map((key) => findNearest(key, known));
  const found = [...new Set(meant.filter((name) => name !== undefined))];
  return found.length === 0 ? message : `${message}; did you mean ${found.map((name) => `"${name}"`).join(", ")}?`;
}

/** Members named `__proto__`, which zod leaves out of records without a word. */
function findPrototypeKeys(value: unknown, path: readonly PropertyKey[] = []): Issue[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    if (key === "__proto__") return [{ path: [...path], message: 'Unrecognized key: "__proto__"' }];
    return findPrototypeKeys(member, [...path, Array.isArray(value) ? Number(key) : key]);
  });
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}

/** Names that the caller wrote may hold anything; a message is one line that moves no cursor and reorders no text. */
function toOneLine(text: string): string {
  const shown = text.length > maxShownLength ? `${text.slice(0, maxShownLength)}…` : text;
  return shown.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
