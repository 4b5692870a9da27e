import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

/** One way of doing the same thing. Returns what it measured, in any unit, and throws when the result is wrong. */
export type Variant = () => Promise<number>;

/** A line of the report: how a variant compares with the peer of the same round. */
export interface Ratio {
  readonly name: string;
  readonly ratio: number;
  readonly median: number;
}

/**
 * Runs every variant once a round, in random order, and compares each with the first one of the same round. Rounds
 * make the comparison fair on a machine whose speed drifts; the first round warms up and is thrown away.
 */
export async function compare(variants: Readonly<Record<string, Variant>>, rounds = 25): Promise<Ratio[]> {
  const names = Object.keys(variants);
  const peer = names[0] ?? "";
  const measured: Record<string, number>[] = [];
  for (let round = 0; round <= rounds; round++) {
    const times: Record<string, number> = {};
    for (const name of shuffled(names)) times[name] = (await variants[name]?.()) ?? Number.NaN;
    if (round > 0) measured.push(times);
  }
  return names.map((name) => ({
    name,
    ratio: median(measured.map((times) => (times[name] ?? Number.NaN) / (times[peer] ?? Number.NaN))),
    median: median(measured.map((times) => times[name] ?? Number.NaN)),
  }));
}

/** Prints ratios as a table; `must` names the bounds that the issue of the day sets. */
export function report(
  title: string,
  unit: string,
  ratios: readonly Ratio[],
  must: Readonly<Record<string, string>> = {},
): void {
  console.log(`\n${title}`);
  for (const { name, ratio, median: middle } of ratios) {
    const bound = must[name] === undefined ? "" : `   (must be ${must[name]})`;
    console.log(
      `  ${name.padEnd(34)} ${ratio.toFixed(3).padStart(8)}x   ${middle.toFixed(1).padStart(9)} ${unit}${bound}`,
    );
  }
}

export async function milliseconds(deed: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await deed();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** The docker CLI to compare with: the distribution's own, which fits its engine, where there is one. */
export const dockerCli = existsSync("/usr/bin/docker") ? "/usr/bin/docker" : "docker";

export function describeMachine(): string {
  const versions = execFileSync(
    dockerCli,
    ["version", "--format", "docker CLI {{.Client.Version}}, engine {{.Server.Version}}"],
    { encoding: "utf8" },
  );
  return `${versions.trim()}, node ${process.versions.node}`;
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => [Math.random(), item] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, item]) => item);
}
