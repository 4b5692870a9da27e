import { cleanup } from "./cleanup.ts";
import { diagnose } from "./diagnose.ts";
import { dockerCompose } from "./docker-compose.ts";
import type { Prompt } from "./prompt.ts";

/** Every prompt, in the order in which clients show them. */
export const prompts: readonly Prompt[] = [dockerCompose, diagnose, cleanup];
