import { describe } from "vitest";
import { describeConnection } from "./contract/connection.ts";
import { describeContainers } from "./contract/containers.ts";
import { describeDetached } from "./contract/detached.ts";
import { describeEndings } from "./contract/endings.ts";
import { describeFiles } from "./contract/files.ts";
import { describeEvents } from "./contract/events.ts";
import { describeExec } from "./contract/exec.ts";
import { describeImages } from "./contract/images.ts";
import { describeInspection } from "./contract/inspection.ts";
import { describeInteraction } from "./contract/interaction.ts";
import { describeJobFiles } from "./contract/job-files.ts";
import { describeJobs } from "./contract/jobs.ts";
import { describeLifecycle } from "./contract/lifecycle.ts";
import { describeLimits } from "./contract/limits.ts";
import { describeLogs } from "./contract/logs.ts";
import { describeNetworks } from "./contract/networks.ts";
import { describeOutput } from "./contract/output.ts";
import { describeOwnership } from "./contract/ownership.ts";
import { type ConnectEngine, type MakeContainer, prepareBench } from "./contract/setup.ts";
import { describeSecrets } from "./contract/secrets.ts";
import { describeStorage } from "./contract/storage.ts";
import { describeUsage } from "./contract/usage.ts";

/**
 * Registers the tests of the `Engine` contract with vitest. Every driver passes the same ones.
 *
 * The engine under test runs on this machine and has the image `busybox:latest`, or something that answers the suite's
 * command lines like it. Everything the suite creates is signed with keys of its own and removed after each test.
 *
 * @param connect opens a fresh connection; all of them lead to the same engine.
 * @param makeContainer makes a container there that cos knows nothing of.
 */
export function describeEngine(name: string, connect: ConnectEngine, makeContainer: MakeContainer): void {
  describe(`the engine contract on ${name}`, () => {
    const bench = prepareBench(connect, makeContainer);
    describeConnection(bench);
    describeImages(bench);
    describeJobs(bench);
    describeOutput(bench);
    describeInteraction(bench);
    describeEndings(bench);
    describeDetached(bench);
    describeContainers(bench);
    describeLifecycle(bench);
    describeEvents(bench);
    describeFiles(bench);
    describeInspection(bench);
    describeUsage(bench);
    describeJobFiles(bench);
    describeLogs(bench);
    describeExec(bench);
    describeOwnership(bench);
    describeNetworks(bench);
    describeSecrets(bench);
    describeStorage(bench);
    describeLimits(bench);
  });
}
