import * as z from "zod";
import { once } from "./once.ts";

/** How long a container is given to end by itself. */
export const graceSeconds = once(() =>
  z.int().min(0).max(3600).default(10).describe("Seconds from asking it to end to killing it."),
);
