import { oneLine } from "../printing.ts";
import { findCandidates } from "./candidates.ts";
import { findNames } from "./names.ts";

/** Longest description that is printed, in characters. */
const maxDescription = 80;

/**
 * `cos __complete -- WORDS…`, which the shells' scripts call: prints a candidate a line, its description behind a tab.
 * Says nothing about failures, and waits for nothing after that.
 */
export async function complete(words: readonly string[]): Promise<void> {
  const candidates = await findCandidates(words, findNames).catch(() => []);
  const lines = candidates.map(({ value, description }) => {
    const said = oneLine(description).slice(0, maxDescription);
    return said === "" ? `${value}\n` : `${value}\t${said}\n`;
  });
  await new Promise<void>((resolve) => process.stdout.write(lines.join(""), () => resolve()));
  process.exit();
}
