import { randomBytes } from "node:crypto";
import { type Caller, openControlPlane } from "@cos/control-plane";
import { expect, vi } from "vitest";
import type { Installation } from "./installation.ts";

/** How long an engine may take to kill and remove a container, beside others who want something from it. */
export const patiently = { timeout: 15_000 };

/** The jobs that a test has an agent run, told from others' by a label. */
export interface OwnJobs {
  readonly label: Readonly<Record<string, string>>;
  /** The input of `container_run` for one of them. */
  readonly job: (command: string, more?: object) => Record<string, unknown>;
  /** Asks past the server under test, as the same agent. */
  readonly perform: (operation: string, input: object) => Promise<unknown>;
  readonly list: () => Promise<{ id: string; state: string }[]>;
  /** Expects that none is left, and removes what is. */
  readonly expectNone: () => Promise<void>;
}

export function ownJobs(installation: () => Installation, caller: Caller): OwnJobs {
  const label = { "user.test": `mcp-${caller.kind}-${randomBytes(4).toString("hex")}` };
  const own: OwnJobs = {
    label,
    job: (command, more = {}) => ({ image: "busybox", pull: "never", command, labels: label, ...more }),
    async perform(operation, input) {
      await using controlPlane = openControlPlane({ writer: "test", env: installation().env });
      const outcome = await controlPlane.perform({ operation, input, caller });
      return outcome.status === "done" ? outcome.result : expect.unreachable();
    },
    async list() {
      const { containers } = (await own.perform("container_list", { all: true })) as {
        containers: { id: string; state: string; labels: Record<string, string> }[];
      };
      return containers.filter(({ labels }) => labels["user.test"] === label["user.test"]);
    },
    async expectNone() {
      try {
        await vi.waitFor(async () => expect(await own.list()).toEqual([]), patiently);
      } finally {
        for (const { id } of await own.list()) await own.perform("container_rm", { container: id, force: true });
      }
    },
  };
  return own;
}
