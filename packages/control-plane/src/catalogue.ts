import type { Operation } from "./operation.ts";
import { containerList } from "./operations/container-list.ts";
import { containerReap } from "./operations/container-reap.ts";
import { containerRun } from "./operations/container-run.ts";
import { ping } from "./operations/ping.ts";

/** Everything cos can be asked to do. */
export const catalogue: readonly Operation[] = [containerRun, containerList, containerReap, ping];
