/** Exit codes of `cos` beside a job's own. Those of `cos run` and `cos exec` are Docker's and coreutils'. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** Nothing is broken, and something is to be looked at. */
  remarks: 3,
  timedOut: 124,
  /** `cos run` or `cos exec` failed before what it runs could say anything. */
  cosFailed: 125,
  /** Policy, or a person, said no; or nobody was there to say yes. */
  refused: 125,
  interrupted: 130,
  terminated: 143,
} as const;
