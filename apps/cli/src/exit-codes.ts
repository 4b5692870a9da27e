/** Exit codes of `cos` beside a job's own. Those of `cos run` are Docker's and coreutils'. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  timedOut: 124,
  /** `cos run` failed or was refused before the job could say anything. */
  cosFailed: 125,
  interrupted: 130,
  terminated: 143,
} as const;
