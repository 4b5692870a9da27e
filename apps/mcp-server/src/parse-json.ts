/** How deep lists and objects may lie in each other. */
const maxDepth = 32;

/**
 * Parses JSON as strictly as several readers of one message have to, who must all see the same: what lies too deep, and
 * names that an object has twice, are refused.
 *
 * @throws Error whose message says what is wrong, for anybody to read.
 */
export function parseJson(text: string): unknown {
  checkShape(text);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error("The body is not JSON.");
  }
}

/** Of text that is not JSON it may find anything or nothing. */
function checkShape(text: string): void {
  /** The names of every open object so far; a list has none. */
  const open: (Set<string> | undefined)[] = [];
  let isName = false;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote: {
        const end = endOfString(text, at);
        if (isName) addName(open.at(-1), text.slice(at + 1, end));
        isName = false;
        at = end;
        break;
      }
      case openBrace:
      case openBracket:
        isName = text.charCodeAt(at) === openBrace;
        open.push(isName ? new Set() : undefined);
        if (open.length > maxDepth) throw new Error(`The body is nested more than ${maxDepth} deep.`);
        break;
      case closeBrace:
      case closeBracket:
        open.pop();
        isName = false;
        break;
      case comma:
        isName = open.at(-1) !== undefined;
        break;
    }
  }
}

const [quote, backslash, comma, openBrace, closeBrace, openBracket, closeBracket] = [...'"\\,{}[]'].map((character) =>
  character.charCodeAt(0),
);

/** Where the quote is that ends a string. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === backslash) before--;
    if ((end - before) % 2 === 1) return end;
  }
  return text.length;
}

function addName(names: Set<string> | undefined, raw: string): void {
  const name = raw.includes("\\") ? decode(raw) : raw;
  if (names?.has(name) === true) throw new Error("The body has an object with the same name twice.");
  names?.add(name);
}

function decode(raw: string): string {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return raw;
  }
}
