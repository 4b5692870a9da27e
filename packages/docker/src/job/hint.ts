import type { WorkloadSpec } from "@cos/core";

/** What is known about a job that did not end well. */
export interface Ending {
  readonly exitCode: number;
  readonly timedOut: boolean;
  readonly oomKilled: boolean;
  readonly stderr: string;
}

const needsNetwork =
  /could not resolve|name resolution|bad address|network is unreachable|getaddrinfo|EAI_AGAIN|ENETUNREACH|no such host|name or service not known|failed to establish a new connection/i;
const needsCapability = /operation not permitted|permission denied|EPERM|EACCES/i;

/** Why a job may have failed, and what to change; undefined when nothing of cos's doing explains it. */
export function toHint(spec: WorkloadSpec, { exitCode, timedOut, oomKilled, stderr }: Ending): string | undefined {
  if (timedOut) return `It was killed after ${spec.timeoutSeconds} s; raise timeoutSeconds if it needs longer.`;
  if (oomKilled) return "It ran out of memory; raise the memory limit.";
  if (exitCode === 0) return undefined;
  if (spec.network === "none" && needsNetwork.test(stderr)) {
    return "It ran without a network; use network bridge if it needs one.";
  }
  // A command that may not be executed (126) lacks a permission, not a capability.
  if (exitCode !== 126 && needsCapability.test(stderr)) {
    return spec.profile === "service"
      ? "Profile service keeps few capabilities and grants no others."
      : `Profile ${spec.profile} drops all capabilities; profile service keeps those that servers need.`;
  }
  return undefined;
}

/** The exit code that Docker gives a command that could not be started, or undefined for other failures to start. */
export function exitCodeOfFailedStart(message: string): 126 | 127 | undefined {
  if (/executable file not found|no such file or directory|cannot find the file/i.test(message)) return 127;
  if (/permission denied|is a directory|exec format error/i.test(message)) return 126;
  return undefined;
}
