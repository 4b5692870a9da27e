/** Fewest letters that a name may be cut down to and still be known by. */
const fewestLetters = 3;

/** The one of `known` that `text` was probably meant to be: two of its letters are wrong at most, or a
 * third of a longer one's; else the only one that begins as `text` does, or that `text` begins as. */
export function findNearest(text: string, known: readonly string[]): string | undefined {
  // No known word is that long, and the comparison takes the square of the length.
  if (text.length > 64) return undefined;
  const candidates = known
    .map((word) => ({ word, distance: distanceOf(text, word) }))
    .filter(({ word, distance }) => distance < word.length && distance <= Math.max(2, word.length / 3))
    .toSorted((one, other) => one.distance - other.distance);
  return candidates[0]?.word ?? findByBeginning(text, known);
}

function findByBeginning(text: string, known: readonly string[]): string | undefined {
  const short = text.toLowerCase();
  const related = known.filter((word) => {
    const long = word.toLowerCase();
    return Math.min(short.length, long.length) >= fewestLetters && (long.startsWith(short) || short.startsWith(long));
  });
  return related.length === 1 ? related[0] : undefined;
}

/** How many letters must be changed, added or left out to make `b` of `a`. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const letter of a) {
    const next = [(row[0] ?? 0) + 1];
    for (let at = 1; at <= b.length; at += 1) {
      const changed = (row[at - 1] ?? 0) + (b[at - 1] === letter ? 0 : 1);
      next.push(Math.min(changed, (row[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
