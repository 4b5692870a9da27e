import picomatch from "picomatch";

const special = /[*?]/;

/**
 * A test for texts that `pattern` matches as a whole: `*` stands for any characters, also `/` and none at all, and `?` for
 * one that is not `/`. Upper and lower case differ. The time it takes grows with the length of the text and no faster.
 *
 * @param pattern text that the schema of a rule accepts.
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  if (!special.test(pattern)) return (text) => text === pattern;
  const expression = toExpression(pattern);
  return (text) => expression.test(text);
}

/** Whether `outer` matches every text that `inner` does. False is no proof of the contrary. */
export function covers(outer: string, inner: string): boolean {
  // A * in `outer` takes in any * or ? of `inner` as it is written, but a ? would take the * for one character.
  const misled = outer.includes("?") && inner.includes("*");
  return outer === inner || (!misled && compileGlob(outer)(inner));
}

function toExpression(pattern: string): RegExp {
  // Two stars mean to picomatch something else than one. Its other special characters do not come here.
  const { source } = picomatch.makeRe(pattern.replace(/\*+/g, "*"), {
    // `*` also matches `/`.
    bash: true,
    dot: true,
    fastpaths: false,
    windows: false,
  });
  // A lookahead is never tried a second time, so no text makes the stars try every way to share it.
  const between = source.split(".*?").map((part, at, parts) => {
    if (at === 0) return part;
    return at === parts.length - 1 ? `.*${part}` : `(?=(.*?${part}))\\${at}`;
  });
  return new RegExp(between.join(""), "s");
}
