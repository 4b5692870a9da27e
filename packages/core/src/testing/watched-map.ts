type Watcher<T> = (before: T | undefined, after: T | undefined) => void;

/** A map that tells when something in it changes. */
export class WatchedMap<T> extends Map<string, T> {
  readonly #watchers = new Set<Watcher<T>>();

  /** Calls the watcher with every change from now on, until what is returned is called. */
  watch(watcher: Watcher<T>): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** Resolves at the next change. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.watch(() => {
        stop();
        resolve();
      });
    });
  }

  override set(key: string, value: T): this {
    const before = this.get(key);
    super.set(key, value);
    this.#tell(before, value);
    return this;
  }

  override delete(key: string): boolean {
    const before = this.get(key);
    const had = super.delete(key);
    if (had) this.#tell(before, undefined);
    return had;
  }

  #tell(before: T | undefined, after: T | undefined): void {
    for (const watcher of this.#watchers) watcher(before, after);
  }
}
