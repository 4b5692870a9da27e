/** A map that tells when something in it changes. */
export class WatchedMap<T> extends Map<string, T> {
  #tell = () => {};
  #change: Promise<void> | undefined;

  /** Resolves at the next change. */
  changed(): Promise<void> {
    this.#change ??= new Promise((resolve) => {
      this.#tell = resolve;
    });
    return this.#change;
  }

  override set(key: string, value: T): this {
    super.set(key, value);
    this.#changed();
    return this;
  }

  override delete(key: string): boolean {
    const had = super.delete(key);
    this.#changed();
    return had;
  }

  #changed(): void {
    this.#change = undefined;
    this.#tell();
  }
}
