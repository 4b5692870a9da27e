import { printable } from "@cos/core";
import { diagnose, type Finding } from "@cos/control-plane";
import { exitCodes } from "./exit-codes.ts";
import { coloured, printJson } from "./printing.ts";

const marks = { ok: ["green", "ok  "], warn: ["yellow", "warn"], fail: ["red", "FAIL"] } as const;

/** `cos doctor`: what works, what does not, and what to do about it. Fails when something must be fixed. */
export async function doctor({ json }: { readonly json: boolean }): Promise<number> {
  const findings = await diagnose();
  if (json) printJson(findings);
  else process.stdout.write(findings.map(toLines).join(""));
  return findings.some(({ status }) => status === "fail") ? exitCodes.failed : exitCodes.ok;
}

function toLines({ status, subject, message, fix }: Finding): string {
  const [style, mark] = marks[status];
  const body = printable(message).replaceAll("\n", "\n      ");
  const advice = fix === undefined ? "" : `      ${coloured(process.stdout, "dim", "fix:")} ${printable(fix)}\n`;
  return `${coloured(process.stdout, style, mark)}  ${subject}: ${body}\n${advice}`;
}
