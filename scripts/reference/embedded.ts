/** A block of code in a page that is a copy of a file: `<!-- from examples/x.ts -->` stands on the line before it. */
const block = /(<!-- from (\S+) -->\n+```[a-z]*\n)([\s\S]*?)(```)/g;

/** The files that a page has copies of. */
export function findEmbedded(page: string): string[] {
  return [...page.matchAll(block)].map(([, , file = ""]) => file);
}

/** The page with every copy brought up to date. */
export function embed(page: string, read: (file: string) => string): string {
  return page.replace(block, (_, before: string, file: string, _copy: string, after: string) => {
    return `${before}${read(file).trimEnd()}\n${after}`;
  });
}
