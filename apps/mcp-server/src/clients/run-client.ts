import { execFile } from "node:child_process";
import type { CallToolResult, ReadResourceResult } from "@modelcontextprotocol/sdk/types.js";
import type { Answer } from "../testing/index.ts";
import { programOf } from "../testing/program-of.ts";
import type { Served } from "./served.ts";

/** How a client's program ended, and what it wrote. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a client's program to its end, in a home of its own. */
export async function runClient(program: string, args: readonly string[], served: Served): Promise<Ended> {
  const { home: cwd, env } = served;
  return await new Promise((resolve, reject) => {
    const child = execFile(programOf(program), args, { cwd, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== "number") reject(error);
      else resolve({ exitCode: Number(error?.code ?? 0), stdout, stderr });
    });
    child.stdin?.end();
  });
}

/** What a client shows of a tool's answer, as clients show it that show all of it. */
export function toAnswer(shown: unknown): Answer {
  const { content, isError, structuredContent } = shown as CallToolResult;
  const text = content.map((part) => (part.type === "text" ? part.text : "")).join("");
  return { failed: isError === true, envelope: structuredContent ?? {}, text };
}

/** The text of what a client shows of a resource. */
export function toText(shown: unknown): string {
  return (shown as ReadResourceResult).contents.map((content) => ("text" in content ? content.text : "")).join("");
}
