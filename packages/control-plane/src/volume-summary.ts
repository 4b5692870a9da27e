import type { Volume } from "@cos/core";
import * as z from "zod";
import { once } from "./once.ts";

/** A volume as operations answer with it. */
export const volumeSummary = once(() =>
  z.strictObject({
    name: z.string().describe("Its name on the engine."),
    createdAt: z.string().optional().describe("ISO 8601."),
    ownership: z.enum(["managed", "foreign", "unmanaged"]),
    owner: z.string().optional(),
    purpose: z.string().optional(),
    project: z.string().optional(),
  }),
);

export type VolumeSummary = z.output<ReturnType<typeof volumeSummary>>;

export function toVolumeSummary({ name, createdAt, ownership }: Volume): VolumeSummary {
  const { owner, purpose = "", project = "" } = ownership.status === "managed" ? ownership.labels : {};
  return {
    name,
    ...(createdAt === undefined ? {} : { createdAt: createdAt.toISOString() }),
    ownership: ownership.status,
    ...(owner === undefined ? {} : { owner }),
    ...(purpose === "" ? {} : { purpose }),
    ...(project === "" ? {} : { project }),
  };
}

/** One line about a volume. */
export function formatVolume({ name, owner, ownership, purpose }: VolumeSummary): string {
  return [name, owner ?? ownership, ...(purpose === undefined ? [] : [purpose])].join("  ");
}
