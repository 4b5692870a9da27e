/** A test of the contract that an engine does not pass. */
export interface Difference {
  /** The groups that the test is in, and its name. */
  readonly test: string;
  readonly reason: string;
  /** Whether it depends on what is faster, so that the test may pass as well. */
  readonly sometimes?: true;
}

const forcedRemove =
  "Podman asks a container that is removed by force to end first, and shows it ended before it is gone.";
const healthChecks = "Podman leaves it to timers of systemd to check health, and in a container there is no systemd.";
const missingProgram = "Podman refuses to start a command whose program does not exist, without a reason.";
const noInit =
  "Podman's init is not where Docker's is, so a command shares one with its container and is not killed for certain.";
const noNetwork = 'Podman shows no network of a container without one, where Docker shows "none".';
const rootDirectory = "On Podman root may not write to / itself without capabilities, which jobs lack.";

/**
 * What is different on Podman 4.3. One that is listed and passes fails the run, and so does one that is no test, so that
 * the list stays true.
 */
export const podmanDifferences: readonly Difference[] = [
  {
    test: "jobs > a program that does not exist is a result with exit code 127 (a list)",
    reason: "The refusal to start it does not say that the program is what is missing, so the exit code is 1.",
  },
  {
    test: "endings > a job that needs more memory than its limit is killed, and says why",
    reason: "Podman does not tell that the kernel killed it for want of memory.",
  },
  { test: "endings > removing the container of a running job kills the job", reason: forcedRemove },
  { test: "waiting for a container > fails when it is removed meanwhile", reason: forcedRemove, sometimes: true },
  { test: "waiting for a container > until it is healthy ends with the first good check", reason: healthChecks },
  { test: "waiting for a container > until it was checked ends with the last bad check", reason: healthChecks },
  { test: "events > tell when a health check has come to a verdict", reason: healthChecks },
  { test: "events > tell both names of what is renamed", reason: "Podman tells only the new one." },
  {
    test: "files > replace files of their name, but neither do files replace directories nor the other way round",
    reason: "Of a directory where a file should be Podman says that something went wrong inside it.",
  },
  {
    test: "files > that are not there are not found, and a file is no directory",
    reason: "Podman makes the directory that files are written to when it is not there.",
  },
  {
    test: "looking at a container > tells how it was made",
    reason: "Podman shows each capability that was dropped, and no network of a container that has none.",
  },
  {
    test: "looking at a container > that cos did not make tells no limits that it does not have",
    reason: "Podman limits every container to 2048 processes.",
  },
  {
    test: "what is used > by a running container are numbers within its limits",
    reason: "With control groups of version 1 Podman refuses to tell, without a reason.",
  },
  {
    test: "what is used > of the disk is told for everything, and for what this installation made",
    reason: "Podman leaves the containers and their labels out of what it tells of the disk.",
  },
  {
    test: "a job's files > come out when they were asked for, also when the job was killed at its timeout",
    reason: rootDirectory,
  },
  { test: "a job's files > come out of a job that failed, without secrets", reason: rootDirectory },
  { test: "a job's files > go to whoever takes them, instead of into the result", reason: rootDirectory },
  {
    test: "logs > since and until a time hold what was written at that time",
    reason: "Podman notes the time of a line in whole seconds.",
  },
  {
    test: "a command in a container > that does not exist, as a line is a result with its exit code",
    reason: missingProgram,
  },
  {
    test: "a command in a container > that does not exist, as a list is a result with its exit code",
    reason: missingProgram,
  },
  { test: "a command in a container > is killed when its time is over, and keeps what it has written", reason: noInit },
  { test: "a command in a container > is killed when it is cancelled, and the container runs on", reason: noInit },
  { test: "a command in a container > is killed when the connection is closed", reason: noInit },
  {
    test: "names and ownership > a running job is listed as managed, with what its signed labels say",
    reason: noNetwork,
  },
  { test: "names and ownership > a container looks the same when it is got by its id", reason: noNetwork },
  {
    test: "names and ownership > a published port is bound to loopback only",
    reason: 'The network that Docker calls "bridge" is called "podman".',
  },
];
