import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { jobResult } from "../../job.ts";
import { type Bench, job, whileRunning } from "./setup.ts";

const sha256 = (text: string) => createHash("sha256").update(text, "latin1").digest("hex");
const leaves = "mkdir -p /out/sub; echo one > /out/one; printf '\\377' > /out/sub/raw; sleep 60";

export function describeJobFiles(bench: Bench): void {
  describe("a job's files", () => {
    test("are there when it starts, as text or bytes, and secrets stand in them", async () => {
      const engine = await bench.connect();
      const files = [
        { path: "/in/note", content: "secret://TOKEN" },
        { path: "/in/tool", content: Buffer.from("grüß dich").toString("base64"), encoding: "base64", mode: "755" },
      ] as const;
      const chunks: Buffer[] = [];
      const request = {
        ...job("cat /in/note /in/tool; exit 7", { files: [...files] }),
        secrets: () => "hunter2-value",
      };
      const result = await engine.jobs.run(request, { output: ({ data }) => void chunks.push(Buffer.from(data)) });
      expect(result).toMatchObject({ exitCode: 7, stdout: expect.stringContaining("grüß dich") });
      expect(result.stdout).not.toContain("hunter2-value");
      expect(result.stdout).toMatch(/TOKEN/);
    });

    test("come out when they were asked for, also when the job was killed at its timeout", async () => {
      const engine = await bench.connect();
      const result = await engine.jobs.run(job(leaves, { artifacts: ["/out", "/none"], timeoutSeconds: 2 }));
      expect(result.timedOut).toBe(true);
      expect(jobResult.parse(result)).toEqual(result);
      expect(result.artifacts?.toSorted((one, other) => (one.path < other.path ? -1 : 1))).toEqual([
        { path: "/out/one", size: 4, sha256: sha256("one\n"), content: "one\n", encoding: "utf8" },
        { path: "/out/sub/raw", size: 1, sha256: sha256("\u00ff"), content: "/w==", encoding: "base64" },
      ]);
      expect(result.missingArtifacts).toEqual(["/none"]);
    });

    test("come out of a job that failed, without secrets", async () => {
      const engine = await bench.connect();
      const spec = { variables: { TOKEN: "secret://TOKEN" }, artifacts: ["/left"] };
      const request = { ...job('echo "$TOKEN" > /left; exit 7', spec), secrets: () => "hunter2-value" };
      const { exitCode, artifacts } = await engine.jobs.run(request);
      expect(exitCode).toBe(7);
      expect(artifacts).toMatchObject([{ path: "/left", content: expect.stringContaining("TOKEN") }]);
      expect(JSON.stringify(artifacts)).not.toContain("hunter2-value");
    });

    test("go to whoever takes them, instead of into the result", async () => {
      const engine = await bench.connect();
      const taken: Record<string, string> = {};
      const result = await engine.jobs.run(job(leaves, { artifacts: ["/out"], timeoutSeconds: 2 }), {
        artifacts: async (from, { path, content }) => {
          const pieces: Uint8Array[] = [];
          for await (const piece of content ?? []) pieces.push(Buffer.from(piece));
          taken[`${from}:${path}`] = Buffer.concat(pieces).toString("latin1");
        },
      });
      expect(taken).toEqual({ "/out:.": "", "/out:one": "one\n", "/out:sub": "", "/out:sub/raw": "\u00ff" });
      expect(result.artifacts).toHaveLength(2);
      for (const artifact of result.artifacts ?? []) expect(Object.keys(artifact)).toEqual(["path", "size", "sha256"]);
    });

    test("are not waited for when the job is cancelled", async () => {
      const engine = await bench.connect();
      const { result } = await whileRunning(engine, { artifacts: ["/out"] }, async () => undefined);
      expect(result).toMatchObject({ cancelled: true, artifacts: [], missingArtifacts: ["/out"] });
    });

    test("are not in the labels of its container", async () => {
      const engine = await bench.connect();
      const files = [{ path: "/in/note", content: "a confidential note" }];
      const { seen } = await whileRunning(engine, { files }, () => engine.containers.list({ managed: true }));
      expect(JSON.stringify(seen)).toContain("/in/note");
      expect(JSON.stringify(seen)).not.toContain("confidential");
    });
  });
}
