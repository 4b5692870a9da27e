import { setTimeout as delay } from "node:timers/promises";
import { CosError, type ErrorCode } from "../errors.ts";

/**
 * When the engine is looked at anew after somebody else was faster, in milliseconds after the last time. Engines give a
 * name away before they show the container that has it.
 */
const retryDelaysMs = [100, 400, 1500, 3000];

/** Somebody else made or removed a container meanwhile, so that it has to be looked for again. */
class Overtaken extends Error {
  readonly reason: CosError;

  constructor(reason: CosError) {
    super(reason.message);
    this.reason = reason;
  }
}

/** What a step resolves with. Failures of these codes mean that somebody else was faster. */
export async function overtakenBy<T>(codes: readonly ErrorCode[], step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw CosError.is(error) && codes.includes(error.code) ? new Overtaken(error) : error;
  }
}

/**
 * Does something from its beginning until nobody is faster.
 *
 * @throws CosError what it throws; in the end, also why it was overtaken
 */
export async function retryOvertaken<T>(
  step: () => Promise<T>,
  signal?: AbortSignal,
  delaysMs: readonly number[] = retryDelaysMs,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof Overtaken)) throw error;
    const [waitMs, ...later] = delaysMs;
    if (waitMs === undefined) throw error.reason;
    await wait(waitMs, signal);
    return await retryOvertaken(step, signal, later);
  }
}

async function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    throw CosError.from(error);
  }
}
