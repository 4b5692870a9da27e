/** A statement of TOML: the header of a table, or a key with its value. */
export interface Statement {
  readonly kind: "header" | "pair";
  readonly start: number;
  /** Behind it, and before a comment on its line. */
  readonly end: number;
  /** Behind the end of its line. */
  readonly lineEnd: number;
}

/** The statements of a text, which must be TOML. What lies between them is white space and comments. */
export function findStatements(text: string): readonly Statement[] {
  const statements: Statement[] = [];
  let at = 0;
  while (at < text.length) {
    const blank = /^(?:[ \t\r\n]+|#[^\n]*)/.exec(text.slice(at, at + 4096))?.[0];
    if (blank !== undefined) {
      at = blank.startsWith("#") ? lineEndAt(text, at) : at + blank.length;
      continue;
    }
    const kind = text[at] === "[" ? "header" : "pair";
    const end = endOfStatement(text, at);
    const lineEnd = Math.min(text.length, lineEndAt(text, end) + 1);
    statements.push({ kind, start: at, end, lineEnd });
    at = lineEnd;
  }
  return statements;
}

/** Where the line ends: at the line feed, or at the end of the text. */
function lineEndAt(text: string, from: number): number {
  const found = text.indexOf("\n", from);
  return found === -1 ? text.length : found;
}

function endOfStatement(text: string, start: number): number {
  let at = start;
  let depth = 0;
  let end = start;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === "#" || (character === "\n" && depth === 0)) {
      if (depth === 0) return end;
      at = lineEndAt(text, at);
      continue;
    }
    if (character === '"' || character === "'") at = endOfString(text, at);
    else {
      if ("[{".includes(character)) depth++;
      if ("]}".includes(character)) depth--;
      at++;
    }
    if (!" \t\r\n".includes(character)) end = at;
  }
  return end;
}

/** Behind the string that begins here. */
function endOfString(text: string, start: number): number {
  const quote = text.charAt(start);
  const long = text.startsWith(quote.repeat(3), start);
  const close = long ? quote.repeat(3) : quote;
  let at = start + close.length;
  while (at < text.length && !text.startsWith(close, at)) at += quote === '"' && text[at] === "\\" ? 2 : 1;
  at += close.length;
  // A long string may end with quotes of its own.
  while (long && text[at] === quote) at++;
  return at;
}
