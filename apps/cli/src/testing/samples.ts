import { catalogue, type Operation } from "@cos/control-plane";

/** What a good call is about. */
export interface Subject {
  /** Names a container, for operations that take one. */
  readonly container: string;
  /** The value of the label `user.test` on what the call makes. */
  readonly mark: string;
}

/** A good call of an operation: as input, and on the command line. */
interface Sample {
  readonly input: (subject: Subject) => Record<string, unknown>;
  readonly words: (subject: Subject) => readonly string[];
}

const plain = (...words: string[]): Sample => ({ input: () => ({}), words: () => words });
const ofContainer = (words: readonly string[], more: Record<string, unknown> = {}): Sample => ({
  input: ({ container }) => ({ container, ...more }),
  words: ({ container }) => [...words, container],
});

const ofService = (word: string): Sample => ({
  input: ({ mark }) => ({ name: mark, image: "busybox", pull: "never", labels: { "user.test": mark } }),
  words: ({ mark }) => [word, "--pull", "never", "--label", `user.test=${mark}`, mark, "busybox"],
});

const samples: Readonly<Record<string, Sample>> = {
  container_run: {
    input: ({ mark }) => ({ image: "busybox", command: "true", pull: "never", labels: { "user.test": mark } }),
    words: ({ mark }) => ["run", "--pull", "never", "--label", `user.test=${mark}`, "busybox", "-c", "true"],
  },
  container_ensure: ofService("ensure"),
  container_create: ofService("create"),
  container_start: ofContainer(["start"]),
  container_recreate: ofContainer(["recreate"]),
  container_exec: {
    input: ({ container }) => ({ container, command: ["true"] }),
    words: ({ container }) => ["exec", container, "--", "true"],
  },
  container_list: plain("ps"),
  container_inspect: ofContainer(["inspect"]),
  container_stats: ofContainer(["stats"]),
  container_logs: ofContainer(["logs"]),
  container_wait: ofContainer(["wait", "--until", "log", "--pattern", "."], { until: "log", pattern: "." }),
  container_files_get: {
    input: ({ container }) => ({ container, path: "/etc/hostname" }),
    words: ({ container }) => ["files", "get", container, "/etc/hostname"],
  },
  container_files_put: {
    input: ({ container }) => ({ container, path: "/", files: [{ path: "note", content: "x" }] }),
    words: ({ container }) => ["files", "put", container, "/", "--file", "path=note,content=x"],
  },
  container_stop: ofContainer(["stop", "--grace", "0"], { graceSeconds: 0 }),
  container_restart: ofContainer(["restart", "--grace", "0"], { graceSeconds: 0 }),
  container_rm: ofContainer(["rm", "--force", "--yes"], { force: true }),
  container_reap: plain("reap"),
  gc: { input: () => ({}), words: () => ["gc", "--yes"] },
  image_list: plain("image", "ls"),
  // There is no such registry, so whoever may call it sees it fail.
  image_pull: {
    input: ({ mark }) => ({ image: `127.0.0.1:1/${mark}:1` }),
    words: ({ mark }) => ["image", "pull", `127.0.0.1:1/${mark}:1`],
  },
  image_build: {
    input: ({ mark }) => ({ tag: `${mark}:1`, inlineDockerfile: "FROM busybox", labels: { "user.test": mark } }),
    words: ({ mark }) => [
      "image",
      "build",
      "--tag",
      `${mark}:1`,
      "--inline-dockerfile",
      "FROM busybox",
      "--label",
      `user.test=${mark}`,
    ],
  },
  image_push: { input: () => ({ tag: "busybox:latest" }), words: () => ["image", "push", "busybox:latest"] },
  image_remove: { input: () => ({ image: "busybox:latest" }), words: () => ["image", "rm", "busybox:latest"] },
  volume_list: plain("volume", "ls"),
  volume_create: { input: ({ mark }) => ({ name: mark }), words: ({ mark }) => ["volume", "create", mark] },
  volume_remove: { input: ({ mark }) => ({ volume: mark }), words: ({ mark }) => ["volume", "rm", mark] },
  network_list: plain("network", "ls"),
  network_create: {
    input: ({ mark }) => ({ name: mark }),
    words: ({ mark }) => ["network", "create", mark],
  },
  // One that every engine has.
  network_remove: { input: () => ({ network: "bridge" }), words: () => ["network", "rm", "--yes", "bridge"] },
  engine_info: plain("info"),
  ping: plain("ping"),
};

/** A command line with more flags, which end at `--`. */
export function withFlags(words: readonly string[], flags: readonly string[]): string[] {
  const end = words.indexOf("--");
  return words.toSpliced(end === -1 ? words.length : end, 0, ...flags);
}

/** @throws Error for an operation that has no good call here yet. */
export function sampleOf({ name }: Operation): Sample {
  const sample = samples[name];
  if (sample === undefined) throw new Error(`say in samples.ts what a good call of ${name} is`);
  return sample;
}

/** Every operation with its name, for tables of tests; or those that are as wanted. */
export function everyOperation(isWanted: (operation: Operation) => boolean = () => true) {
  return catalogue.filter(isWanted).map((operation) => [operation.name, operation] as const);
}

export const takesContainer = ({ input }: Operation): boolean => "container" in input.shape;
export const changesSomething = ({ effect }: Operation): boolean => effect !== "read";
