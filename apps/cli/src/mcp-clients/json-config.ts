import { evaluate, type MemberNode, type ObjectNode, parse, type ValueNode } from "@humanwhocodes/momoa";
import {
  assertSays,
  changed,
  type ConfigLanguage,
  type ConfigText,
  isTable,
  lineEndOf,
  notChangeable,
  notParsed,
  withValue,
} from "./config-text.ts";
import { insertMember, type JsonText, removeMember, replaceValue } from "./json-edit.ts";

/** JSON, in which comments and trailing commas may stand, as most clients allow. */
export const jsonConfig: ConfigLanguage = {
  read: (config, { table, name }) => {
    const servers = memberOf(config, parseJson(config).root, table)?.value;
    const entry = servers?.type === "Object" ? memberOf(config, servers, name)?.value : undefined;
    return entry === undefined ? undefined : toValue(entry);
  },

  withEntry(config, place, change) {
    const before = parseJson(config);
    const { table, name } = place;
    const entry = changed(jsonConfig.read(config, place), change);
    let text = before.text;
    const current = isTable(jsonConfig.read(config, place)) ? Object.keys(entry) : undefined;
    if (current === undefined) text = setAt({ ...config, text }, [table, name], entry);
    else {
      for (const key of change.drop)
        if (!(key in entry)) text = setAt({ ...config, text }, [table, name, key], undefined);
      for (const key of current) text = setAt({ ...config, text }, [table, name, key], entry[key]);
    }
    assertSays(config, toValue(parseJson({ ...config, text }).root), withValue(toValue(before.root), place, entry));
    return text;
  },

  withoutEntry(config, place) {
    if (jsonConfig.read(config, place) === undefined) return config.text;
    const text = setAt(config, [place.table, place.name], undefined);
    const expected = withValue(toValue(parseJson(config).root), place, undefined);
    assertSays(config, toValue(parseJson({ ...config, text }).root), expected);
    return text;
  },
};

/** An object of the file. What is empty is taken for one without members. */
function parseJson(config: ConfigText): JsonText & { readonly root: ObjectNode } {
  const text = config.text.trim() === "" ? `{}${lineEndOf(config.text)}` : config.text;
  let document: ReturnType<typeof parse>;
  try {
    document = parse(text, { mode: "jsonc", ranges: true, tokens: true, allowTrailingCommas: true });
  } catch (error) {
    const { message, line = 1, column = 1 } = error as Error & { line?: number; column?: number };
    throw notParsed(config, { line, column }, message.replace(/ \(\d+:\d+\)$/, ""));
  }
  const { body, tokens = [] } = document;
  if (body.type !== "Object") throw notParsed(config, body.loc.start, "Expected an object.");
  return { text, tokens, root: body };
}

/** The text with a value at a path, whose last parts may not be there yet; without it for undefined. */
function setAt(config: ConfigText, path: readonly string[], value: unknown): string {
  const json = parseJson(config);
  let object = json.root;
  for (const [depth, name] of path.entries()) {
    const member = memberOf(config, object, name);
    const rest = path.slice(depth + 1);
    if (member === undefined) {
      if (value === undefined) return json.text;
      return insertMember(
        json,
        object,
        name,
        rest.reduceRight((inner, key) => ({ [key]: inner }), value),
      );
    }
    if (rest.length === 0) {
      if (value === undefined) return removeMember(json, object, member);
      return isSame(member.value, value) ? json.text : replaceValue(json, object, member, value);
    }
    if (member.value.type !== "Object") {
      if (depth === 0) throw notChangeable(config, `${JSON.stringify(name)} is there, and is no object.`);
      return replaceValue(
        json,
        object,
        member,
        rest.reduceRight((inner, key) => ({ [key]: inner }), value),
      );
    }
    object = member.value;
  }
  return json.text;
}

function isSame(node: ValueNode, value: unknown): boolean {
  return JSON.stringify(toValue(node)) === JSON.stringify(value);
}

/** @throws CosError when there are two: readers do not agree which one counts. */
function memberOf(config: ConfigText, { members }: ObjectNode, name: string): MemberNode | undefined {
  const found = members.filter((member) => nameOf(member) === name);
  if (found.length > 1) throw notChangeable(config, `${JSON.stringify(name)} is there twice.`);
  return found[0];
}

function nameOf({ name }: MemberNode): string {
  return name.type === "String" ? name.value : name.name;
}

function toValue(node: ValueNode): unknown {
  return evaluate(node);
}
