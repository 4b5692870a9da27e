/** Whether a text is another with some text put in, and at most one comma before that. */
export function isInsertion(before: string, after: string): boolean {
  const start = commonStart(before, after);
  if (isOneInsertion(before, after)) return true;
  return after[start] === "," && isOneInsertion(before, after.slice(0, start) + after.slice(start + 1));
}

function isOneInsertion(before: string, after: string): boolean {
  const start = commonStart(before, after);
  return after.length >= before.length && after.endsWith(before.slice(start));
}

function commonStart(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  return at;
}
