import { describe, expect, test } from "vitest";
import { CosError } from "../../errors.ts";
import type { OutputChunk } from "../../output.ts";
import { type Bench, job, longCommand, newName, owner, readLog, whileRunning } from "./setup.ts";

const value = "correct horse battery staple";
const variables = { GREETING: "secret://GREETING" };
const secrets = (name: string) => {
  if (name === "GREETING") return value;
  throw new CosError("not_found", `There is no secret ${name}.`, { hint: "Set it up." });
};

export function describeSecrets(bench: Bench): void {
  describe("secrets", () => {
    test("reach the job as the values of its variables", async () => {
      const engine = await bench.connect();
      const result = await engine.jobs.run({ ...job('echo "${#GREETING}"', { variables }), secrets });
      expect(result).toMatchObject({ exitCode: 0, stdout: `${value.length}\n` });
    });

    test("are taken out of the output, kept and live", async () => {
      const engine = await bench.connect();
      const live: string[] = [];
      const output = ({ data }: OutputChunk) => void live.push(Buffer.from(data).toString());
      const result = await engine.jobs.run({ ...job('echo "$GREETING"', { variables }), secrets }, { output });
      expect(result.stdout).toBe("[secret GREETING]\n");
      expect(live.join("")).toBe("[secret GREETING]\n");
    });

    test("are only referred to in what is said of the container", async () => {
      const engine = await bench.connect();
      const { seen } = await whileRunning(
        engine,
        { variables },
        async () => {
          const [listed] = await engine.containers.list({ managed: true });
          return [listed, await engine.containers.get(listed?.id ?? "")];
        },
        { secrets },
      );
      const said = JSON.stringify(seen);
      expect(said).toContain("secret://GREETING");
      expect(said).not.toContain(value);
    });

    test("reach a container that is created and started, and its log is as it was written", async () => {
      const engine = await bench.connect();
      const spec = job('echo "${#GREETING}"', {
        variables,
        lifecycle: "persistent",
        name: newName(),
        timeoutSeconds: undefined,
      }).spec;
      const { id, ...container } = await engine.containers.create({ spec, owner, secrets });
      expect(JSON.stringify(container)).not.toContain(value);
      await engine.containers.start(id);
      await engine.containers.wait(id, { until: "exit" });
      expect(await readLog(engine, id)).toMatchObject({ stdout: `${value.length}\n` });
    });

    test("that are not known, or that nobody gives, keep the job from running", async () => {
      const engine = await bench.connect();
      const unknown = job(longCommand, { variables: { TOKEN: "secret://TOKEN" } });
      await expect(engine.jobs.run({ ...unknown, secrets })).rejects.toMatchObject({ code: "not_found" });
      await expect(engine.jobs.run(unknown)).rejects.toMatchObject({ code: "failed_precondition" });
      expect(await engine.containers.list({ managed: true })).toEqual([]);
    });
  });
}
