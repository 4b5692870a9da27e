import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** An engine that runs in a container of the engine of this machine, so that the tests meet more than one. */
export interface TestEngine {
  readonly name: string;
  /** What `./dev images` calls the image that it runs from. */
  readonly image: string;
  /** The project of tests that it belongs to: `matrix` has to pass, `next` may fail. */
  readonly project: "matrix" | "next";
  /** Script that is its first process, in this folder; the path of its socket is its argument. */
  readonly script: string;
}

/** Every engine that the contract suite runs against, beside the one of the machine. */
const engines: readonly TestEngine[] = [
  { name: "docker-26", image: "cos-test/docker:26.1", project: "matrix", script: "docker.sh" },
  { name: "docker-28", image: "cos-test/docker-28:28.5", project: "next", script: "docker.sh" },
  { name: "podman-4", image: "cos-test/podman:4.3", project: "matrix", script: "podman.sh" },
];

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The folder that an engine and this machine share; what an engine leaves there goes with it. */
export function folderOf(engine: TestEngine): string {
  return join(root, ".cache", "engines", engine.name);
}

/** The unix socket that an engine listens on. */
export function socketOf(engine: TestEngine): string {
  return join(folderOf(engine), "engine.sock");
}

/** The engines of a project of tests. */
export function enginesOf(project: string): readonly TestEngine[] {
  return engines.filter((engine) => engine.project === project);
}

/**
 * The engines that the names mean, all that have to pass without a name.
 * @throws Error for a name that means none
 */
export function chooseEngines(names: readonly string[]): readonly TestEngine[] {
  if (names.length === 0) return enginesOf("matrix");
  return names.map((name) => {
    const engine = engines.find((known) => known.name === name);
    if (engine) return engine;
    throw new Error(`no engine is called ${name}; there are ${engines.map((known) => known.name).join(", ")}`);
  });
}
