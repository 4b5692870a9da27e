import * as z from "zod";
import { formatInspection } from "../format-inspection.ts";
import { containerInspection, toInspection } from "../inspection.ts";
import { defineOperation } from "../operation.ts";
import { containerReference, resolveContainer } from "../resolve.ts";

export const containerInspect = defineOperation({
  name: "container_inspect",
  title: "Look at a container",
  description:
    "Tells everything about one container that may be known: state and health, how it was made (command, user, limits, mounts, networks with addresses, ports), how much it is hardened, and for managed ones what cos was asked for. Use it to find out why a container behaves as it does or how to reach it; use container_list to find containers, container_stats for what it uses now and container_logs for what it wrote. Of environment variables only the names are told. Texts longer than 4096 characters and lists of more than 256 items are cut. It changes nothing.",
  effect: "read",
  input: () => z.strictObject({ container: containerReference() }),
  output: containerInspection,
  target: (context, { container }) => resolveContainer(context, container),
  run: async (_, __, { container }) => {
    const { details } = container;
    if (details === undefined) throw new Error("the engine looked at a container and told no details");
    return toInspection(container, details);
  },
  format: formatInspection,
});
