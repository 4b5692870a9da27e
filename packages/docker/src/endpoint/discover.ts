import { CosError } from "@cos/core";
import { type Candidate, listCandidates } from "./candidates.ts";
import { describeEndpoint, type Endpoint } from "./endpoint.ts";
import { describeFailure } from "./failure-reason.ts";

export interface DiscoverOptions<T> {
  /** Default: the process's own environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** What gave `DOCKER_HOST` its value, where that is not the user's environment. */
  readonly chosenBy?: string | undefined;
  /**
   * Asks an endpoint for a sign of life. It must have a deadline of its own, and reject when nothing answers;
   * rejecting with `cancelled` ends the search.
   */
  readonly probe: (endpoint: Endpoint) => Promise<T>;
}

/** One place that was tried without success. */
interface Attempt {
  readonly source: string;
  readonly address: string;
  readonly problem: string;
}

/**
 * Finds the engine: the first candidate that answers. One that was asked for explicitly is never replaced by another.
 *
 * @throws CosError `unavailable` when nothing answers: the message has one line for each way that was tried, and
 * `details.tried` the same as data. `cancelled` when the probe was. What an explicitly chosen engine refuses, and what
 * is wrong with the way it was chosen, is thrown as it is.
 */
export async function discoverEndpoint<T>(options: DiscoverOptions<T>): Promise<{ candidate: Candidate; probed: T }> {
  const { env = process.env, chosenBy, probe } = options;
  const tried: Attempt[] = [];
  let explicit = false;
  let lastError: unknown;
  let hint: string | undefined;
  for await (const candidate of listCandidates(env, undefined, undefined, chosenBy)) {
    const address = describeEndpoint(candidate.endpoint);
    if ("problem" in candidate) {
      tried.push({ source: candidate.source, address, problem: candidate.problem });
      continue;
    }
    try {
      return { candidate, probed: await probe(candidate.endpoint) };
    } catch (error) {
      const problem = problemOf(error, candidate);
      explicit ||= candidate.explicit;
      lastError = error;
      // ssh has said what is wrong, and what helps depends on it.
      if (candidate.endpoint.kind === "ssh" && CosError.is(error)) hint = error.hint;
      tried.push({ source: candidate.source, address, problem });
    }
  }
  throw nothingAnswers(tried, hint ?? hintFor(tried, explicit), lastError);
}

/** Why a candidate did not answer. Throws what ends the search instead. */
function problemOf(error: unknown, candidate: Candidate): string {
  const known = CosError.from(error);
  const problem = describeFailure(error);
  if (known.code === "cancelled" || problem === undefined) throw known;
  const answered = CosError.is(error) && error.code !== "unavailable" && error.code !== "deadline_exceeded";
  if (candidate.explicit && answered) throw error;
  return problem;
}

function nothingAnswers(tried: readonly Attempt[], hint: string, cause: unknown): CosError {
  const lines = tried.map(({ source, address, problem }) => `  ${source} (${address}): ${problem}`);
  return new CosError("unavailable", ["No container engine answers. Tried:", ...lines].join("\n"), {
    hint,
    details: { tried },
    cause,
  });
}

function hintFor(tried: readonly Attempt[], explicit: boolean): string {
  if (tried.some(({ problem }) => problem === "permission denied")) {
    return 'Join the group that may use the socket ("sudo usermod -aG docker $USER", then log in again), or run cos with sudo.';
  }
  if (explicit) return `Start the engine there, or choose another one: it was chosen by ${tried[0]?.source}.`;
  return "Start Docker or Podman, or set DOCKER_HOST to where the engine listens.";
}
