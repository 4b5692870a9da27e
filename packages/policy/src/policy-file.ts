import * as z from "zod";
import { defaultRules } from "./default-rules.ts";
import { parseDocument } from "./document.ts";
import { type Rule, ruleList } from "./rule.ts";

/** The contents of a policy file. */
const policyFile = z
  .strictObject({
    $schema: z.string().max(1024).optional().describe("Where this schema is, for editors."),
    rules: ruleList.max(1000).describe("In order: the first that matches decides."),
    defaults: z
      .boolean()
      .default(true)
      .describe("Whether cos's own rules follow. Without them, what no rule of this file matches is denied."),
  })
  .check(({ value: { rules, defaults }, issues }) => {
    if (!defaults) return;
    const taken = new Set(defaultRules.map(({ name }) => name));
    rules.forEach(({ name }, at) => {
      if (taken.has(name)) {
        const message = `${name} is one of cos's own rules, which follow these; take another name`;
        issues.push({ code: "custom", input: name, path: ["rules", at, "name"], message });
      }
    });
  })
  .meta({ title: "Policy of cos", description: "Rules that say what callers may do. The first that matches decides." });

/** The JSON Schema (draft 2020-12) of a policy file. */
export function toPolicySchema(): Readonly<Record<string, unknown>> {
  return { ...z.toJSONSchema(policyFile, { io: "input" }) };
}

export interface PolicyFile {
  readonly rules: readonly Rule[];
  /** Whether cos's own rules follow. */
  readonly defaults: boolean;
}

/**
 * Reads a policy file, YAML or JSON.
 *
 * @param file its name, for messages.
 * @throws CosError `invalid_argument` with the message `FILE:LINE:COLUMN: what is wrong`; `details.issues` lists every
 * place as `{ line, column, path, message }`.
 */
export async function parsePolicyFile(text: string, file: string): Promise<PolicyFile> {
  const { rules, defaults } = await parseDocument(text, file, policyFile);
  return { rules, defaults };
}

/** All rules that a policy file stands for, in order: its own, then cos's unless it does without. */
export function toRules({ rules, defaults }: PolicyFile): readonly Rule[] {
  return defaults ? [...rules, ...defaultRules] : rules;
}
