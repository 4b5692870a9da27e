import type { Container } from "@cos/core";
import { defineOperation } from "../operation.ts";
import { findDue } from "../expiry.ts";
import { containerSummary, formatSummary, toSummary } from "../summary.ts";
import * as z from "zod";

export const containerReap = defineOperation({
  name: "container_reap",
  title: "Remove expired containers",
  description:
    "Kills and removes managed containers that have outlived their time to live, and jobs that ended more than an hour ago; detached jobs that run past their own timeout are killed, and their log stays for an hour. cos does this by itself when it starts; use it to do so now. Only containers with this installation's signature are touched, and agents remove only their own.",
  effect: "destroy",
  input: () => z.strictObject({}),
  output: () =>
    z.strictObject({
      removed: z.array(containerSummary()),
      killed: z.array(containerSummary()).describe("Jobs that ran past their timeout. They stay for an hour."),
    }),
  preview: async ({ engine, caller, signal }) => {
    const { expired, overdue } = await findDue(engine, caller, new Date(), signal);
    return {
      text: [
        ...(expired.length === 0 ? [] : [`Kill and remove what has expired: ${namesOf(expired)}.`]),
        ...(overdue.length === 0 ? [] : [`Kill what runs past its timeout: ${namesOf(overdue)}.`]),
        ...(expired.length + overdue.length === 0 ? ["Nothing has expired."] : []),
      ].join(" "),
      changes: { action: "reap", containers: idsOf(expired), killed: idsOf(overdue) },
    };
  },
  run: async ({ engine, caller, signal }) => {
    const { expired, overdue } = await findDue(engine, caller, new Date(), signal);
    for (const { id } of overdue) await engine.containers.kill(id, { signal });
    for (const { id } of expired) await engine.containers.remove(id, { signal });
    return { removed: expired.map(toSummary), killed: overdue.map(toSummary) };
  },
  format: ({ removed, killed }) =>
    [
      ...removed.map((container) => `removed ${formatSummary(container)}`),
      ...killed.map((container) => `killed ${formatSummary(container)}`),
    ].join("\n") || "Nothing has expired.",
});

function namesOf(containers: readonly Container[]): string {
  return containers.map(({ id, name }) => `${name} (${id.slice(0, 12)})`).join(", ");
}

function idsOf(containers: readonly Container[]): string[] {
  return containers.map(({ id }) => id).toSorted();
}
