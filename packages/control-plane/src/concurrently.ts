/**
 * Does something with each item, a few at a time. Resolves with the results in the order of the items.
 *
 * @throws what the first that failed has thrown, when those under way have settled; no more are begun then.
 */
export async function concurrently<Item, Result>(
  items: readonly Item[],
  atMost: number,
  run: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const failures: unknown[] = [];
  const rest = items.entries();
  const work = async () => {
    for (const [at, item] of rest) {
      try {
        results[at] = await run(item);
      } catch (error) {
        failures.push(error);
      }
      if (failures.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atMost, items.length) }, work));
  if (failures.length > 0) throw failures[0];
  return results;
}
