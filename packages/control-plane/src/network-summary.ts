import type { Network } from "@cos/core";
import * as z from "zod";
import { once } from "./once.ts";

/** A network as operations answer with it. */
export const networkSummary = once(() =>
  z.strictObject({
    id: z.string(),
    name: z.string().describe("Its name on the engine."),
    internal: z.boolean().describe("Whether nothing outside the network can be reached from it."),
    createdAt: z.string().describe("ISO 8601."),
    ownership: z.enum(["managed", "foreign", "unmanaged"]),
    owner: z.string().optional(),
    purpose: z.string().optional(),
    project: z.string().optional(),
  }),
);

export type NetworkSummary = z.output<ReturnType<typeof networkSummary>>;

export function toNetworkSummary({ id, name, internal, createdAt, ownership }: Network): NetworkSummary {
  const { owner, purpose = "", project = "" } = ownership.status === "managed" ? ownership.labels : {};
  return {
    id,
    name,
    internal,
    createdAt: createdAt.toISOString(),
    ownership: ownership.status,
    ...(owner === undefined ? {} : { owner }),
    ...(purpose === "" ? {} : { purpose }),
    ...(project === "" ? {} : { project }),
  };
}

/** One line about a network. */
export function formatNetwork({ id, name, internal, owner, ownership }: NetworkSummary): string {
  return [id.slice(0, 12), name, internal ? "internal" : "leads out", owner ?? ownership].join("  ");
}
