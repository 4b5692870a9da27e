import * as z from "zod";
import { isReferenceOrPlain } from "../secrets.ts";

const hasControlCharacter = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** Free text of one line: no control characters, so it cannot forge lines or move a terminal's cursor. */
export const oneLine = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !hasControlCharacter.test(text), { error: "expected one line without control characters" });

/** The name a caller gives to a workload or volume. On the engine it appears as `cos-<name>`. */
export const resourceName = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$/, {
  error: "expected 1-50 lower-case letters, digits and inner hyphens",
});

/** Who a workload belongs to: an authenticated name, never something the caller says of itself. */
export const ownerName = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._@-]{0,62}[A-Za-z0-9])?$/, { error: "expected 1-64 letters, digits and . _ @ -" });

/** A variable's name: anything but `=` and NUL, as POSIX allows. */
export const variableName = z
  .string()
  .regex(/^[^=\0]{1,256}$/, { error: "expected 1-256 characters other than = and NUL" });

/** Text that reaches the engine as a C string, so it holds no NUL. */
export const withoutNul = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => !text.includes("\0"), { error: "must not contain a NUL character" });

/** A variable's value: text, or a reference to a secret. */
export const variableValue = withoutNul(131_072).refine(isReferenceOrPlain, {
  error: 'a reference to a secret is written "secret://NAME", with 1-64 letters, digits and . _ - as its name',
});

/** A label of the caller's own. The prefix `user.` keeps it apart from what cos and Docker write. */
export const userLabelName = z.string().regex(/^user\.[a-z0-9](?:[a-z0-9._-]{0,118}[a-z0-9])?$/, {
  error: 'expected a name like "user.team" in lower case',
});

/** A user inside the container: a name or a number, with an optional group. */
export const userName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,31})?$/, {
  error: 'expected a user like "1000", "1000:1000" or "nobody"',
});

/** The network of a workload: none, bridge, or the name of a managed network. */
export const networkName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$/, {
    error: 'expected "none", "bridge" or the name of a managed network',
    abort: true,
  })
  .refine((name) => name !== "host" && name !== "default" && name !== "container", {
    error:
      'joining the host\'s or another container\'s network is not possible; use "none", "bridge" or a managed network',
  });
