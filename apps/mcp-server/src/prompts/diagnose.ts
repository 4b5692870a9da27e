import type { ContainerSummary } from "@cos/control-plane";
import { CosError } from "@cos/core";
import { aboutData, toData, toReason } from "./data.ts";
import { withArgument } from "./look.ts";
import type { Look, Prompt, Seen } from "./prompt.ts";

const logLines = 60;
const logBytes = 16 * 1024;

export const diagnose: Prompt = {
  name: "diagnose",
  title: "Find out what is wrong with a container",
  description:
    "Look at one container, its state, settings, use and the end of its log, and find out why it does not do what it should.",
  arguments: [
    {
      name: "container",
      description: "The container's name, or at least 12 digits of its id.",
      required: true,
      maxLength: 128,
      complete: completeContainer,
    },
  ],
  tools: ["container_logs", "container_stats", "container_list", "container_inspect", "container_exec"],
  async write(look, { container = "" }) {
    const inspected = await withArgument("container", () => look("container_inspect", { container }));
    const found = inspected.ok ? (inspected.result as ContainerSummary) : undefined;
    // From here on the very container that was found, whoever takes its name.
    const id = found?.id ?? container;
    const [stats, log] = await Promise.all([
      found?.state === "running" ? attempt(() => look("container_stats", { container: id })) : undefined,
      attempt(() => look("container_logs", { container: id, tail: logLines, limitBytes: logBytes })),
    ]);
    return [
      instructions,
      "",
      `What is known of it now. ${aboutData}`,
      "",
      ...describe("The container", inspected),
      ...(stats === undefined ? [] : describe("What it uses", stats)),
      ...describe(`The last ${logLines} lines of its log`, log, "last"),
    ].join("\n");
  },
};

const instructions = `Find out with the tools of cos what is wrong with one container. Change nothing before your user has said that you may.

1. Say in a sentence or two what state it is in, and what speaks for a cause: the exit code, a line of the log, the health check, a limit. Quote what you rely on.
2. If that is not enough, look further with tools that only read: container_logs with since, grep or the cursor; container_stats; container_list for what it depends on, and container_inspect of that. container_exec runs a command in it: ask before, and say which.
3. Name the most likely cause, how sure you are, and what would tell it from the next likely one.
4. Propose the smallest change that would help, as a call that you would make, and what is lost by it. Make it when your user agrees, then look again whether it helped.

Where to look first:
- Exit code 137 with "out of memory": the memory limit. 137 without: something killed it. 126 or 127: the command cannot be run, or is not in the image. 143: it was told to stop.
- "permission denied", "operation not permitted", "read-only file system": its user, its mounts, or its profile; services have more capabilities than jobs.
- Names that are not found, connections that are refused or time out: its network. With none there is nothing to reach; on an internal network nothing outside; services are reached as cos-<name>, on the same network, at the port in the container.
- unhealthy: the health check's own command may be what fails.
- Restarted again and again: the log of the run before the last tells more than its end.`;

/** What was seen of it, or why nothing was. */
function describe(title: string, seen: Seen, kept?: "last"): string[] {
  if (!seen.ok) return [`${title}: not known. ${toReason(seen.why)}`];
  return [`${title}:`, ...toData(seen.text, kept)];
}

/** That one thing cannot be seen, such as the log of a job that keeps none, is something to know, too. */
async function attempt(look: () => Promise<Seen>): Promise<Seen> {
  try {
    return await look();
  } catch (error) {
    const { code, message, hint } = CosError.from(error);
    if (code === "cancelled" || code === "internal" || code === "unavailable") throw error;
    return { ok: false, why: hint === undefined ? message : `${message} ${hint}` };
  }
}

async function completeContainer(look: Look, value: string): Promise<readonly string[]> {
  const seen = await look("container_list", { all: true });
  if (!seen.ok) return [];
  const { containers } = seen.result as { containers: ContainerSummary[] };
  // What is called cos-web was given the name web.
  return containers
    .map(({ name }) => name)
    .filter((name) => [value, `cos-${value}`].some((start) => name.startsWith(start)));
}
