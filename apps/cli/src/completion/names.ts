import { catalogue, openControlPlane, openOperator } from "@cos/control-plane";
import { findEngines, hereCaller } from "../session.ts";
import type { Candidate, FindNames } from "./candidates.ts";

/** How long the engine may take, in milliseconds: somebody waits with a finger on the key. */
const deadlineMs = 1_000;

/** How the names of a kind are listed: by which operation, and what of its result. */
interface Lister {
  readonly operation: string;
  readonly input: Record<string, unknown>;
  readonly toCandidates: (result: any) => readonly Candidate[];
}

interface Named {
  readonly name: string;
  readonly ownership: string;
}

const images: Lister = {
  operation: "image_list",
  input: {},
  toCandidates: ({ images: found }: { images: readonly { tags: readonly string[] }[] }) =>
    found.flatMap(({ tags }) => tags.map((value) => ({ value, description: "image" }))),
};

/** By field. */
const listers: Readonly<Record<string, Lister>> = {
  image: images,
  base: images,
  tag: images,
  volume: {
    operation: "volume_list",
    input: { managed: true },
    toCandidates: ({ volumes }: { volumes: readonly Named[] }) =>
      volumes.map((volume) => ({ value: toName(volume), description: "volume" })),
  },
  container: {
    operation: "container_list",
    input: { all: true },
    toCandidates: ({ containers }: { containers: readonly (Named & { image: string; state: string })[] }) =>
      containers.map((container) => ({
        value: toName(container),
        description: `${container.state}, ${container.image.replace(/^sha256:([0-9a-f]{12})[0-9a-f]*$/, "$1")}`,
      })),
  },
  network: {
    operation: "network_list",
    input: { managed: true },
    toCandidates: ({ networks }: { networks: readonly Named[] }) =>
      networks.map((network) => ({ value: toName(network), description: "network" })),
  },
};

const operations = async () => catalogue.map(({ name, title }) => ({ value: name, description: title }));

/** What is known without the engine, by the name of an argument or an option of a command that is no operation. */
const known: Readonly<Record<string, () => Promise<readonly Candidate[]>>> = {
  operation: operations,
  tools: operations,
  toolsets: async () => {
    const { toolsetNames } = await import("@cos/mcp-server/toolsets");
    return toolsetNames.map((value) => ({ value, description: "toolset" }));
  },
  token: async () => {
    const all = openOperator().tokens.list();
    const names = [...new Set(all.map(({ name }) => name))];
    return [
      ...all.map(({ id, name }) => ({ value: id, description: `a token of ${name}` })),
      ...names.map((value) => ({ value, description: "all tokens of this name" })),
    ];
  },
};

/** Candidates that no shell could take for something else. */
const plain = /^[a-zA-Z0-9][a-zA-Z0-9_./:@-]*$/;

/**
 * Asks the engine for names, as any other call: by policy, and recorded. What cannot be had in time, or at all, is empty.
 */
export const findNames: FindNames = async (kind) => {
  const own = known[kind];
  if (own !== undefined) return (await own().catch(() => [])).filter(({ value }) => plain.test(value));
  const lister = listers[kind];
  if (lister === undefined) return [];
  const { operation, input, toCandidates } = lister;
  try {
    const signal = AbortSignal.timeout(deadlineMs);
    const call = { operation, input, caller: hereCaller(), signal };
    const outcome = await openControlPlane({ writer: "cli", engines: await findEngines() }).perform(call);
    const found = outcome.status === "done" ? toCandidates(outcome.result) : [];
    return found.filter(({ value }) => plain.test(value));
  } catch {
    return [];
  }
};

/** What it is called in cos; what cos makes is called `cos-` and this on the engine. */
function toName({ name, ownership }: Named): string {
  return ownership === "managed" && !name.includes(".") ? name.replace(/^cos-/, "") : name;
}
