import { byteSize } from "@cos/core";
import * as z from "zod";
import { callerKinds, effects, targetKinds, targetOwnerships } from "./question.ts";
import { defaultName, readOnlyName, verdicts } from "./verdict.ts";

/** Only `*` and `?` have a meaning: other dialects' brackets, braces, negations and escapes are refused, not misread. */
export const glob = z
  .string()
  .max(512)
  .regex(/^(?!\.\/)[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\\()[\]{}|!"']+$/u, {
    error: "expected text in which only * and ? have a meaning; write ? for any of \\ ( ) [ ] { } | ! \" '",
  });

const globs = z.union([glob, z.array(glob).min(1).max(256)], { error: "expected a glob, or a list of globs" });

const anyOf = <const Value extends string>(values: readonly Value[]) =>
  z.union([z.enum(values), z.array(z.enum(values)).min(1)], {
    error: `expected one of ${values.join(", ")}, or a list of these`,
  });

const listed = z.union([z.boolean(), globs], { error: "expected true, false, a glob, or a list of globs" });

const dialect =
  "In a glob, * stands for any characters, also /, and ? for one that is not /. Of a list, one is enough.";
const partly =
  "true: at least one is asked for; false: none is. Globs: every one that is asked for matches a glob. If only some match, " +
  "a rule that allows does not apply, and any other holds as the least that happens: later rules can only be stricter.";

/** One rule, as it is written in a policy file. */
export const rule = z
  .strictObject({
    name: z
      .string()
      .max(64)
      .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, { error: "expected lower-case words joined by hyphens" })
      .refine((name) => name !== defaultName && name !== readOnlyName, {
        error: `${defaultName} and ${readOnlyName} are names of cos's own`,
      })
      .describe("Names the rule in answers and in the audit log. Unique among all rules."),

    operation: globs.optional().describe(`What is to be done, e.g. "container_run" or "image_*". ${dialect}`),
    effect: anyOf(effects).optional().describe("What the operation does: nothing, change something, or take it away."),
    engine: globs.optional().describe(`The engine's name. ${dialect}`),
    callerKind: anyOf(callerKinds)
      .optional()
      .describe("How the caller reached cos. Agents come by stdio and http; reaper is cos itself."),
    callerName: globs.optional().describe(`The caller's authenticated name. ${dialect}`),

    targetKind: anyOf(targetKinds)
      .optional()
      .describe("What the call acts on; none for calls that make something new or only list."),
    targetOwnership: anyOf(targetOwnerships)
      .optional()
      .describe(
        "Whose the target is: the caller's own, another owner's, or not made by this cos; none without a target.",
      ),
    targetOwner: globs.optional().describe(`The name of the target's owner. ${dialect}`),
    targetName: globs.optional().describe(`The target's name. ${dialect}`),
    targetImage: globs.optional().describe(`The image of a target that is a container. ${dialect}`),

    network: globs.optional().describe(`The network that is asked for: none, bridge or a managed one. ${dialect}`),
    egress: z.boolean().optional().describe("Whether that network leads out of the engine's host."),
    hostPaths: listed.optional().describe(`Real paths on the host to mount or build from. ${partly}`),
    ports: listed.optional().describe(`Ports to publish, e.g. "8080:80". ${partly}`),
    volumes: listed.optional().describe(`Names of managed volumes. ${partly}`),
    profile: globs.optional().describe(`The hardening profile. ${dialect}`),
    image: globs.optional().describe(`The image's full reference, e.g. "docker.io/library/*". ${dialect}`),
    registry: globs.optional().describe(`The host that the image comes from, e.g. "docker.io". ${dialect}`),
    builds: z.boolean().optional().describe("Whether an image is built, which runs commands with network."),
    secrets: z.boolean().optional().describe("Whether secrets are asked for."),
    otherOwners: z.boolean().optional().describe("Whether the call reaches other owners' objects."),
    cpusAbove: z
      .number()
      .min(0)
      .optional()
      .describe("More CPUs than this are asked for. Not so for the default limit."),
    memoryAbove: byteSize("1b", "4096g")
      .optional()
      .describe('More memory than this is asked for, e.g. "512m". Not so for the default limit.'),
    pidsAbove: z
      .int()
      .min(0)
      .optional()
      .describe("More processes than this are asked for. Not so for the default limit."),

    decision: z
      .enum(verdicts)
      .describe(
        "allow: it goes ahead. confirm: the caller repeats it after seeing what it would do. approve: another person must " +
          "say yes. deny: it is refused.",
      ),
    reason: z
      .string()
      .max(300)
      .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+$/u, { error: "expected one line without control characters" })
      .describe("Why, in one line for the caller."),
  })
  .describe(
    "Applies to the calls for which every matcher that it names matches; one without matchers applies to all. A matcher " +
      "never matches a fact that the call does not have.",
  );

type Parsed = z.output<typeof rule>;
type Frozen<Value> = Value extends readonly (infer Item)[] ? readonly Item[] : Value;

/** One rule: a flat record of matchers, all of which must match, and what is decided then. */
export type Rule = { readonly [Key in keyof Parsed]: Frozen<Parsed[Key]> };

/** Rules in order, each with a name of its own. */
export const ruleList = z.array(rule).check(({ value, issues }) => {
  const seen = new Set<string>();
  value.forEach(({ name }, at) => {
    if (seen.has(name)) {
      issues.push({ code: "custom", input: name, path: [at, "name"], message: `there is another rule named ${name}` });
    }
    seen.add(name);
  });
});
