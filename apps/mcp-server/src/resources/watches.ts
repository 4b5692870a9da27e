import type { CallerView } from "@cos/control-plane";
import type { EngineEvent } from "@cos/core";

/** What is told to one client. */
export interface Watches {
  /** Resolves when everything is told that happens on that engine from now on. Watches it once, however often it is called. */
  readonly engine: (name: string) => Promise<void>;
  /** The same for the caller's records. */
  readonly records: () => Promise<void>;
}

export interface WatchesParts {
  readonly view: CallerView;
  /** Ends all of it. */
  readonly ended: AbortSignal;
  readonly onEvent: (engine: string, event: EngineEvent) => void;
  /** Something was recorded about the caller. */
  readonly onRecord: () => void;
}

/** Watches what a client is told of, from when it first asks for something that changes. */
export function createWatches({ view, ended, onEvent, onRecord }: WatchesParts): Watches {
  const engines = new Map<string, Promise<void>>();
  let records: Promise<void> | undefined;

  const watch = (engine: string) =>
    new Promise<void>((resolve, reject) => {
      const follow = async () => {
        let armed = false;
        for await (const event of view.events({ engine, signal: ended })) {
          if (armed) onEvent(engine, event);
          armed = true;
          resolve();
        }
      };
      follow().catch((error: unknown) => {
        // Whoever asks next begins anew.
        engines.delete(engine);
        reject(error);
      });
    });

  return {
    engine(name) {
      const watching = engines.get(name) ?? watch(name);
      engines.set(name, watching);
      return watching;
    },
    records() {
      const follow = async (written: AsyncIterable<unknown>) => {
        for await (const _record of written) onRecord();
      };
      const forget = () => (records = undefined);
      records ??= view.newRecords({ signal: ended }).then((written) => void follow(written).then(forget, forget));
      records.catch(forget);
      return records;
    },
  };
}
