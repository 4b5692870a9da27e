import { parseByteSize } from "@cos/core";
import { compileGlob, covers } from "./glob.ts";
import { matcherForms, type MatcherName, matcherNames, toList } from "./matcher.ts";
import type { Policy } from "./policy.ts";
import { callerKinds, type Effect, effects, targetKinds, targetOwnerships } from "./question.ts";
import type { Rule } from "./rule.ts";

/** A rule that decides nothing. */
export interface ReachabilityFinding {
  readonly rule: string;
  /** Rules before it decide all that it matches; or there is nothing that it could match. */
  readonly kind: "shadowed" | "matches-nothing";
  /** The rules before it, together enough. */
  readonly by?: readonly string[] | undefined;
  readonly message: string;
}

type Operations = readonly { readonly name: string; readonly effect: Effect }[];

/** A set of calls: all combinations of some values of the facts that have few. */
type Region = ReadonlyMap<MatcherName, ReadonlySet<string>>;

/** Most comparisons of regions for one rule, so that no policy takes for ever. One that needs more counts as reachable. */
const maxSteps = 20_000;

/**
 * Finds rules that never decide, whatever is asked. What it reports is certain; it may miss some, because it compares
 * globs and limits only one by one. In a read-only policy the first rule shadows most others, so look at it without.
 *
 * @param operations every operation that there is.
 */
export function findUnreachable(
  { rules }: Policy,
  { operations }: { readonly operations: Operations },
): readonly ReachabilityFinding[] {
  const all = rules.map((rule) => ({ rule, region: toRegion(rule, operations) }));
  return all.flatMap(({ rule, region }, at): ReachabilityFinding[] => {
    const { name } = rule;
    if (isEmpty(region)) return [{ rule: name, kind: "matches-nothing", message: `${name} matches no operation.` }];
    const before = all
      .slice(0, at)
      .filter((other) => coversOpen(other.rule, rule) && !isEmpty(intersect(region, other.region)));
    const by = findCover(region, before);
    if (by === undefined) return [];
    return [
      {
        rule: name,
        kind: "shadowed",
        by,
        message: `${name} never decides: what it matches is decided before it, by ${by.join(", ")}.`,
      },
    ];
  });
}

/** The calls that a rule may match, as far as the facts with few values go. */
function toRegion(rule: Rule, operations: Operations): Region {
  const { operation = "*", effect = effects, callerKind = callerKinds } = rule;
  const { targetKind = targetKinds, targetOwnership = targetOwnerships } = rule;
  const names = toList(operation).map(compileGlob);
  const possible = operations.filter(
    (known) => toList(effect).includes(known.effect) && names.some((test) => test(known.name)),
  );
  const flag = (wanted: boolean | undefined) => (wanted === undefined ? ["absent", "true", "false"] : [String(wanted)]);
  const list = (wanted: Rule["ports"]) =>
    wanted === undefined ? ["absent", "empty", "filled"] : [wanted === false ? "empty" : "filled"];
  const values: readonly (readonly [MatcherName, readonly string[]])[] = [
    ["operation", possible.map(({ name }) => name)],
    ["callerKind", toList(callerKind)],
    ["targetKind", toList(targetKind)],
    ["targetOwnership", toList(targetOwnership)],
    ["egress", flag(rule.egress)],
    ["builds", flag(rule.builds)],
    ["secrets", flag(rule.secrets)],
    ["otherOwners", flag(rule.otherOwners)],
    ["hostPaths", list(rule.hostPaths)],
    ["ports", list(rule.ports)],
    ["volumes", list(rule.volumes)],
  ];
  return new Map(values.map(([name, members]) => [name, new Set(members)]));
}

/** Whether `outer` ends the search wherever `inner` could decide, as far as globs and limits go. */
function coversOpen(outer: Rule, inner: Rule): boolean {
  return matcherNames.every((name) => {
    const [wanted, other] = [outer[name], inner[name]];
    const form = matcherForms[name];
    if (wanted === undefined || name === "operation" || form === "enum" || typeof wanted === "boolean") return true;
    if (form === "above") return other !== undefined && toNumber(wanted) <= toNumber(other);
    const globs = toList(wanted as string | readonly string[]);
    if (form === "list" && globs.some((glob) => covers(glob, "*"))) return true;
    // Where `inner` may hold for a part of what is asked for, `outer` may do so too, and then only a deny is the end.
    if (form === "list" && inner.decision !== "allow" && outer.decision !== "deny") return false;
    if (typeof other !== "string" && typeof other !== "object") return false;
    return toList(other).every((glob) => globs.some((wide) => covers(wide, glob)));
  });
}

function toNumber(limit: NonNullable<Rule[MatcherName]>): number {
  return typeof limit === "string" ? parseByteSize(limit) : Number(limit);
}

/** The one rule that matches everything in a region, or else rules that do so together, or undefined. */
function findCover(
  region: Region,
  rules: readonly { readonly rule: Rule; readonly region: Region }[],
): readonly string[] | undefined {
  const alone = rules.find((one) => subtract(region, intersect(region, one.region)).length === 0);
  if (alone !== undefined) return [alone.rule.name];
  const used = new Set<string>();
  let steps = 0;
  const isCovered = (rest: Region, from: number): boolean => {
    for (const [at, one] of rules.entries()) {
      if (at < from) continue;
      steps += 1;
      if (steps > maxSteps) return false;
      const common = intersect(rest, one.region);
      if (isEmpty(common)) continue;
      used.add(one.rule.name);
      return subtract(rest, common).every((part) => isCovered(part, at + 1));
    }
    return false;
  };
  return isCovered(region, 0) ? [...used] : undefined;
}

function isEmpty(region: Region): boolean {
  return [...region.values()].some((values) => values.size === 0);
}

function intersect(one: Region, other: Region): Region {
  return new Map(
    Array.from(one, ([name, values]) => [name, new Set([...values].filter((value) => other.get(name)?.has(value)))]),
  );
}

/** What is left of a region without a part of it, as regions that do not overlap. */
function subtract(region: Region, part: Region): readonly Region[] {
  const left: Region[] = [];
  let inside = region;
  for (const [name, values] of region) {
    const common = part.get(name) ?? new Set<string>();
    const outside = new Set([...values].filter((value) => !common.has(value)));
    if (outside.size > 0) left.push(new Map(inside).set(name, outside));
    inside = new Map(inside).set(name, common);
  }
  return left;
}
