import { formatBytes } from "@cos/control-plane";
import { exitCodes } from "./exit-codes.ts";
import { performHere, withSession } from "./perform.ts";
import { printJson } from "./printing.ts";
import type { Action } from "./program.ts";
import { toTable } from "./table.ts";

interface Measured {
  readonly id: string;
  readonly name: string;
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly memoryPercent: number;
  readonly pids: number;
  readonly networkReceivedBytes: number;
  readonly networkSentBytes: number;
  readonly blockReadBytes: number;
  readonly blockWrittenBytes: number;
}

const titles = ["ID", "NAME", "CPU", "MEMORY", "LIMIT", "PIDS", "RECEIVED", "SENT", "READ", "WRITTEN"];

/** `cos stats`: what containers use as a table, or with --quiet their ids. */
export const stats: Action = (operation, input, settings) =>
  withSession(settings, async (session) => {
    const { result } = await performHere(session, operation, input);
    const { containers } = result as { containers: Measured[] };
    if (settings.json) printJson(result);
    else if (settings.quiet) process.stdout.write(containers.map(({ id }) => `${id.slice(0, 12)}\n`).join(""));
    else process.stdout.write(await toTable(titles, containers.map(toRow)));
    return exitCodes.ok;
  });

function toRow(measured: Measured): string[] {
  const { id, name, cpuPercent, memoryBytes, memoryLimitBytes, memoryPercent, pids } = measured;
  const { networkReceivedBytes, networkSentBytes, blockReadBytes, blockWrittenBytes } = measured;
  return [
    id.slice(0, 12),
    name,
    `${cpuPercent.toFixed(1)} %`,
    `${formatBytes(memoryBytes)} (${memoryPercent.toFixed(1)} %)`,
    formatBytes(memoryLimitBytes),
    String(pids),
    ...[networkReceivedBytes, networkSentBytes, blockReadBytes, blockWrittenBytes].map(formatBytes),
  ];
}
