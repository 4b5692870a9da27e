import { digestOf } from "@cos/core";
import type { CallerKind } from "./question.ts";

/** Everything a consent holds for. Change any of it, and the consent is for something else. */
export interface Binding {
  readonly caller: { readonly kind: CallerKind; readonly name: string };
  readonly operation: string;
  readonly engine: string;
  readonly target?: { readonly kind: string; readonly id: string; readonly stateDigest: string } | undefined;
  /** SHA-256 of the canonical input. */
  readonly inputDigest: string;
  /** SHA-256 of the preview's data and of what the call asks for. */
  readonly previewDigest: string;
  readonly policyVersion: string;
}

/** SHA-256 over a binding. */
export function bindingDigest(binding: Binding): string {
  return digestOf(binding);
}
