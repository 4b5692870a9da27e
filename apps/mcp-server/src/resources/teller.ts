/**
 * Tells of things that change, each at once and then not again before some time has passed: what changes meanwhile is told
 * of once when it has.
 *
 * @param everyMs the least time between two times of the same, in milliseconds.
 * @param ended stops the telling.
 */
export function createTeller(
  send: (what: string) => void,
  { everyMs, ended }: { readonly everyMs: number; readonly ended: AbortSignal },
): (what: string) => void {
  const resting = new Map<string, { changed: boolean; readonly timer: NodeJS.Timeout }>();
  ended.addEventListener("abort", () => {
    for (const { timer } of resting.values()) clearTimeout(timer);
    resting.clear();
  });
  const tell = (what: string) => {
    if (ended.aborted) return;
    const rest = resting.get(what);
    if (rest !== undefined) {
      rest.changed = true;
      return;
    }
    const timer = setTimeout(() => {
      const changed = resting.get(what)?.changed === true;
      resting.delete(what);
      if (changed) tell(what);
    }, everyMs);
    resting.set(what, { changed: false, timer });
    send(what);
  };
  return tell;
}
