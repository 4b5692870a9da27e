import { readFile } from "node:fs/promises";
import { CosError } from "@cos/core";
import { defaultPolicy, type Policy } from "@cos/policy";

export interface PolicySource {
  /** The operator's rules; cos's own alone unless set. */
  readonly file?: string | undefined;
  /** Refuses everything but reads, whatever the rules say. */
  readonly readOnly?: boolean | undefined;
}

/**
 * Reads the rules.
 *
 * @throws CosError `failed_precondition` when the file cannot be read; `invalid_argument` when it is not right, with
 * line and column.
 */
export async function loadPolicy({ file, readOnly }: PolicySource): Promise<Policy> {
  if (file === undefined) return defaultPolicy({ readOnly });
  // With the schema of rules and the parser, which most processes do not need.
  const { definePolicy, parsePolicyFile, toRules } = await import("@cos/policy");
  return definePolicy(toRules(await parsePolicyFile(await readRules(file), file)), { readOnly });
}

async function readRules(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new CosError("failed_precondition", `The policy ${JSON.stringify(file)} cannot be read.`, {
      hint: "Until it can be, every call is refused. Name another file with --policy or COS_POLICY.",
      cause,
    });
  }
}
