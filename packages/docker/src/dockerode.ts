import type * as http from "node:http";
import { CosError } from "@cos/core";
import type Docker from "dockerode";
import type { EngineClient } from "./transport/engine-client.ts";
import { toRefusal } from "./transport/refusal.ts";
import { toUnavailable } from "./transport/transport.ts";

/**
 * The Docker library on the transport of `client`, for what takes long and happens seldom. Loading it costs about
 * 100 ms, so it is loaded when it is first needed.
 *
 * It puts names into paths as they are: give it only full ids and validated references. It does not settle when a
 * connection drops: await it only inside {@link withDeadline}.
 *
 * @throws CosError `failed_precondition` when the library refuses the environment that it insists on reading.
 */
export async function loadDocker(client: EngineClient): Promise<Docker> {
  const { default: Library } = await import("dockerode");
  const { endpoint, agent, protocol } = client.transport;
  const address =
    endpoint.kind === "tcp"
      ? { host: endpoint.host, port: endpoint.port }
      : // Through ssh the agent finds the way by itself.
        { socketPath: endpoint.kind === "unix" ? endpoint.path : endpoint.socketPath, host: undefined };
  // The library fills in from DOCKER_HOST and its companions whatever is not mentioned.
  const options = {
    ...address,
    protocol: protocol === "https:" ? "https" : "http",
    version: `v${client.apiVersion}`,
    agent: withoutRedirects(agent),
    pathPrefix: "/",
    username: undefined,
    password: undefined,
    timeout: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
  };
  try {
    return new Library(options as Docker.DockerOptions);
  } catch (cause) {
    throw new CosError("failed_precondition", "The Docker library cannot read DOCKER_HOST or DOCKER_CERT_PATH.", {
      hint: "Correct or unset these variables.",
      cause,
    });
  }
}

/** The library follows redirects to anywhere, past the transport's list of routes, unless it sees no target. */
function withoutRedirects(agent: http.Agent): http.Agent {
  const inner = agent as unknown as { addRequest(request: http.ClientRequest, ...rest: unknown[]): void };
  return Object.create(agent, {
    addRequest: {
      value(request: http.ClientRequest, ...rest: unknown[]) {
        request.prependListener("response", ({ headers }) => {
          delete headers.location;
        });
        inner.addRequest(request, ...rest);
      },
    },
  }) as http.Agent;
}

export interface Deadline {
  /** What is being done, as the start of a sentence: "The pull". */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
  /** Longest time in all, in milliseconds. */
  readonly deadlineMs?: number;
  /** Longest time without a sign of life, in milliseconds. */
  readonly idleMs?: number;
}

/** What runs under a deadline gets: a signal to hand on, and a way to say that it is alive. */
export interface Deadlined {
  readonly signal: AbortSignal;
  alive(): void;
}

/**
 * Runs something that may never settle by itself. Settles with it, or at once when the signal or a deadline comes
 * first; then what runs is aborted by its own signal.
 *
 * @throws CosError `cancelled`, `deadline_exceeded`, `unavailable` for a broken connection, by status for a refusal.
 */
export async function withDeadline<T>(
  { what, signal, deadlineMs, idleMs }: Deadline,
  run: (call: Deadlined) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const expired = () =>
    stop.abort(
      new CosError("deadline_exceeded", `${what} took too long.`, { hint: "Check the engine's health: cos doctor" }),
    );
  const onAbort = () => stop.abort(new CosError("cancelled", `${what} was cancelled.`));
  const stopped = new Promise<never>((_resolve, reject) => {
    stop.signal.addEventListener("abort", () => reject(stop.signal.reason as CosError), { once: true });
  });
  stopped.catch(() => undefined);
  const deadline = deadlineMs === undefined ? undefined : setTimeout(expired, deadlineMs);
  const idle = idleMs === undefined ? undefined : setTimeout(expired, idleMs);
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  try {
    stop.signal.throwIfAborted();
    return await Promise.race([stopped, run({ signal: stop.signal, alive: () => idle?.refresh() })]);
  } catch (error) {
    const failure = fromDockerError(error);
    stop.abort(failure);
    throw failure;
  } finally {
    clearTimeout(deadline);
    clearTimeout(idle);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** An error of the Docker library in cos's own terms. */
function fromDockerError(error: unknown): CosError {
  if (CosError.is(error)) return error;
  const { statusCode, message, name, code } = error as {
    statusCode?: unknown;
    message?: unknown;
    name?: unknown;
    code?: unknown;
  };
  if (typeof statusCode === "number") {
    if (statusCode >= 300 && statusCode < 400) {
      return new CosError("internal", "The engine answered with a redirect, which cos does not follow.", {
        details: { status: statusCode },
      });
    }
    return toRefusal(statusCode, String(message).replace(/^\(HTTP code [0-9]+\) .*? - /, ""));
  }
  return name === "AbortError" || typeof code === "string" ? toUnavailable(error) : CosError.from(error);
}
