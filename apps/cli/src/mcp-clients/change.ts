/** Most characters that are shown on either side of a change within one line. */
const maxAround = 60;

/**
 * What changes between two texts, as lines that begin with - and +. Nothing else is shown, because clients keep secrets
 * of other servers beside; a line that only gets a comma is no change.
 */
export function describeChange(before: string, after: string): readonly string[] {
  if (before === after) return [];
  const [old, young] = [toLines(before), toLines(after)];
  const start = commonLength(old, young);
  const tail = Math.min(commonLength(old.toReversed(), young.toReversed()), old.length - start, young.length - start);
  const [removed, added] = [old.slice(start, old.length - tail), young.slice(start, young.length - tail)];
  const comma = removed[0] !== undefined && `${removed[0]},` === added[0] ? 1 : 0;
  const [cut, put] = cutAround(removed.slice(comma), added.slice(comma));
  return [`@@ line ${start + comma + 1} @@`, ...cut.map((line) => `- ${line}`), ...put.map((line) => `+ ${line}`)];
}

/** A long line of which only a part changes, and what becomes of it, are shown around that part. */
function cutAround(
  removed: readonly string[],
  added: readonly string[],
): readonly [readonly string[], readonly string[]] {
  const [before = "", after = ""] = [removed[0], added[0]];
  if (removed.length !== 1 || added.length !== 1) return [removed, added];
  const start = commonLength([...before], [...after]);
  const tail = Math.min(commonLength([...before].reverse(), [...after].reverse()), before.length - start);
  const part = (line: string) => {
    const [from, to] = [Math.max(0, start - maxAround), Math.min(line.length, line.length - tail + maxAround)];
    return [`${from > 0 ? "…" : ""}${line.slice(from, to)}${to < line.length ? "…" : ""}`];
  };
  return [part(before), part(after)];
}

/** How many things two lists have in common at their beginnings. */
function commonLength(one: readonly string[], other: readonly string[]): number {
  const differs = one.findIndex((part, at) => part !== other[at]);
  return differs === -1 ? one.length : differs;
}

function toLines(text: string): readonly string[] {
  return text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
}
