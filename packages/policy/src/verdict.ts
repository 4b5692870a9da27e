/**
 * What happens to a call: it goes ahead; its caller must repeat it with a token after seeing what it would do; a person
 * elsewhere must say yes; or it is refused. From the mildest to the strictest.
 */
export const verdicts = ["allow", "confirm", "approve", "deny"] as const;
export type Verdict = (typeof verdicts)[number];

/** The name of what decides when no rule does. */
export const defaultName = "default";
/** The name of the rule that goes before all others when nothing may change. */
export const readOnlyName = "read-only";
