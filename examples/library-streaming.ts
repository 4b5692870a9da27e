// Passes a job's output on while it runs, and cancels the job when it has said enough.
import { CosError, defineWorkload } from "@cos/core";
import { connectDocker } from "@cos/docker";

const spec = defineWorkload({
  env: { image: "busybox" },
  command: "for i in $(seq 1 1000); do echo line $i; sleep 0.2; done",
  timeoutSeconds: 60,
});

await using engine = await connectDocker();
const abort = new AbortController();
let lines = 0;

try {
  const result = await engine.jobs.run(
    { spec, owner: "me" },
    {
      signal: abort.signal,
      progress: ({ phase, message }) => console.error(`${phase}: ${message}`),
      // While a promise returned from here is pending, nothing more is read from the job.
      output: ({ stream, data }) => {
        process[stream].write(Buffer.from(data));
        if (stream === "stdout") lines += Buffer.from(data).toString("utf8").split("\n").length - 1;
        if (lines >= 3) abort.abort();
      },
    },
  );
  console.error(`cancelled: ${result.cancelled}, exit code: ${result.exitCode}, after ${result.durations.ranMs} ms`);
} catch (error) {
  // A job that fails or is cancelled is a result; an error means that cos could not run it.
  const { code, message, hint } = CosError.from(error);
  console.error(`${code}: ${message} ${hint ?? ""}`);
  process.exitCode = 1;
}
