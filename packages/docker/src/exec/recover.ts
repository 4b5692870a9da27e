import { fromLabels, managedLabel, type Signer } from "@cos/core";
import type { ContainerBody, ContainerRow } from "../api.ts";
import { removeContainer } from "../containers/removals.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { helperPurpose } from "./open-helper.ts";
import { unpause } from "./kill-command.ts";

/**
 * Lets containers go on that a process of cos has halted and then died. Its helper tells of them: it has ended, since
 * nobody listens to it, and was not removed. It is now.
 *
 * @returns the ids of the containers that were halted.
 */
export async function recoverHalted(
  { client, signer }: { readonly client: EngineClient; readonly signer: Signer },
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const label = [`${managedLabel.name}=${managedLabel.value}`, `cos.purpose=${helperPurpose}`];
  const rows = await client.call<ContainerRow[]>("GET", ["containers", "json"], {
    query: { all: true, filters: JSON.stringify({ label, status: ["exited", "dead"] }) },
    signal,
  });
  const recovered: string[] = [];
  for (const { Id, Names, Labels } of rows) {
    const name = Names?.[0]?.replace(/^\//, "") ?? "";
    if (fromLabels("container", name, Labels ?? {}, signer).status !== "managed") continue;
    const helper = await inspectIfThere(client, Id, signal);
    const [, target = ""] = /^container:([0-9a-f]{64})$/.exec(helper?.HostConfig.PidMode ?? "") ?? [];
    const halted = target === "" ? undefined : await inspectIfThere(client, target, signal);
    if (halted?.State.Paused === true) {
      if (!(await unpause(client, target))) continue;
      recovered.push(target);
    }
    await removeContainer(client, Id, { signal });
  }
  return recovered;
}

async function inspectIfThere(
  client: EngineClient,
  id: string,
  signal: AbortSignal | undefined,
): Promise<ContainerBody | undefined> {
  try {
    return await client.call<ContainerBody>("GET", ["containers", id, "json"], { signal });
  } catch (error) {
    if (refusalStatus(error) === 404) return undefined;
    throw error;
  }
}
