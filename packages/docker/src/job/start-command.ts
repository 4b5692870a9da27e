import { CosError } from "@cos/core";
import { isPortTaken } from "../containers/lifecycle.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { assertStarted } from "./completion.ts";
import { exitCodeOfFailedStart } from "./hint.ts";

/**
 * Starts the container of a job; a command that cannot be started is an ending of its own, with Docker's exit code for
 * it.
 *
 * @param wasSeen whether the job gave a sign of life, for a start whose answer was lost.
 * @param onSent called when the request to start it has left this process.
 * @throws CosError `conflict` (a port is taken), `failed_precondition`, `unavailable`.
 */
export async function startCommand(
  client: EngineClient,
  id: string,
  wasSeen: () => boolean,
  onSent?: () => void,
): Promise<{ exitCode: number; hint: string } | undefined> {
  try {
    await client.call("POST", ["containers", id, "start"], { deadlineMs: 120_000, onSent });
  } catch (error) {
    if (CosError.is(error) && error.details?.["unknown"] === true) {
      await assertStarted(client, id, wasSeen);
      return undefined;
    }
    if (!CosError.is(error) || refusalStatus(error) === undefined) throw error;
    const exitCode = exitCodeOfFailedStart(error.message);
    if (exitCode !== undefined) return { exitCode, hint: `The command could not be started. ${error.message}` };
    const portTaken = isPortTaken(error);
    throw new CosError(
      portTaken ? "conflict" : "failed_precondition",
      `The container could not be started. ${error.message}`,
      {
        ...(portTaken ? { hint: "Publish another host port." } : {}),
        cause: error,
      },
    );
  }
  return undefined;
}
