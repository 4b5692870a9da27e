import type { Container, ServiceDrift, ServiceResult } from "@cos/core";
import * as z from "zod";
import { once } from "./once.ts";
import { containerState, formatState, toState } from "./summary.ts";

/** What became of a service, as operations answer with it. */
export const serviceResult = once(() =>
  z.strictObject({
    status: z
      .enum(["unchanged", "created", "started", "drifted", "recreated"])
      .describe("What was done. drifted: nothing, for it is not as asked for."),
    ...containerState().shape,
    health: z.enum(["starting", "healthy", "unhealthy"]).optional().describe("What its health check says."),
    drift: z
      .array(
        z.strictObject({
          field: z.string().describe('Where in the workload, e.g. "variables.PORT"; "image" when its tag has moved.'),
          current: z.string().optional().describe("What it is, or was until it was replaced, as JSON."),
          wanted: z.string().optional().describe("What was asked for, as JSON."),
        }),
      )
      .describe("In what it is not, or was not, as asked for."),
    hint: z.string().optional(),
  }),
);

type ServiceOutput = z.output<ReturnType<typeof serviceResult>>;

export function toServiceOutput({ status, container, drift }: ServiceResult): ServiceOutput {
  return {
    status,
    ...toState(container),
    ...healthOf(container),
    drift: drift.map(withoutUndefined),
    ...(status === "drifted" ? { hint: "Set `recreate` to replace it by what was asked for." } : {}),
  };
}

/** One line about the service, one about each field that drifted, and what to do next. */
export function formatService({ status, drift, hint, health, ...container }: ServiceOutput): string {
  return [
    `${status} ${formatState(container)}${health === undefined ? "" : `  ${health}`}`,
    ...drift.map(({ field, current, wanted }) => `  ${field}: ${current ?? "(none)"} -> ${wanted ?? "(none)"}`),
    ...(hint === undefined ? [] : [hint]),
  ].join("\n");
}

function healthOf({ details }: Container): Pick<ServiceOutput, "health"> {
  return details?.health === undefined ? {} : { health: details.health };
}

function withoutUndefined({ field, current, wanted }: ServiceDrift): ServiceOutput["drift"][number] {
  return {
    field,
    ...(current === undefined ? {} : { current }),
    ...(wanted === undefined ? {} : { wanted }),
  };
}
