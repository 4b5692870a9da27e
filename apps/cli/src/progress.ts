import { printable } from "@cos/core";
import type { ProgressEvent } from "@cos/core";

import type { Settings } from "./session-flags.ts";

/** Least time between two drawings of the same line, in milliseconds. */
const redrawMs = 80;

/** Shows progress as one line on a terminal's stderr, and nowhere else. */
export function openProgress({ json, quiet }: Settings): { show: (event: ProgressEvent) => void; clear: () => void } {
  const { stderr } = process;
  if (!stderr.isTTY || json || quiet) return { show: () => {}, clear: () => {} };
  let drawn = false;
  let drawnAt = -Infinity;
  const clear = () => {
    if (drawn) stderr.write("\r\u001b[K");
    drawn = false;
  };
  return {
    clear,
    show(event) {
      if (event.phase === "start" || event.phase === "create") return clear();
      const now = performance.now();
      if (now - drawnAt < redrawMs) return;
      drawnAt = now;
      drawn = true;
      stderr.write(`\r\u001b[K${format(event, stderr.columns)}`);
    },
  };
}

function format({ phase, message, done, total }: ProgressEvent, columns: number): string {
  const share =
    done === undefined || total === undefined || total === 0 ? "" : ` ${Math.floor((100 * done) / total)} %`;
  return printable(`${phase}:${share} ${message}`.replaceAll(/\s+/g, " ")).slice(0, Math.max(20, columns - 1));
}
