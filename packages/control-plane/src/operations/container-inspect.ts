import * as z from "zod";
import { formatInspection } from "../format-inspection.ts";
import { containerInspection, toInspection } from "../inspection.ts";
import { defineOperation } from "../operation.ts";
import { containerReference, resolveContainer } from "../resolve.ts";

export const containerInspect = defineOperation({
  name: "container_inspect",
  title: "Look at a container",
  description:
    "Tells what may be known of one container: state and health, command, user, limits, mounts, networks with addresses, ports, hardening, and for managed ones what cos was asked for. Use it to find out why a container behaves as it does or how to reach it; use container_list to find containers, container_logs for what it wrote. Of variables only the names are told. Texts over 4096 characters and lists over 256 items are cut. It changes nothing.",
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
