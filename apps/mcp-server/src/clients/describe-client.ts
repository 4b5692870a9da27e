import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Answer } from "../testing/index.ts";
import { type Served, serveClients } from "./served.ts";

/** An MCP client that is none of ours, as a test uses it. */
export interface ForeignClient extends AsyncDisposable {
  /** The names of the tools that it finds. */
  listTools(): Promise<readonly string[]>;
  call(tool: string, input: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** The text of a resource. */
  read(uri: string): Promise<string>;
}

/** What every client must be able to do with cos. */
export function describeClient(
  name: string,
  connect: (served: Served) => Promise<ForeignClient> | ForeignClient,
): void {
  describe(name, () => {
    let served: Served;
    let client: ForeignClient;
    beforeAll(async () => {
      served = await serveClients();
      client = await connect(served);
    });
    afterAll(async () => {
      await client?.[Symbol.asyncDispose]();
      await served?.[Symbol.asyncDispose]();
    });

    test("finds the tools", async () => {
      expect(await client.listTools()).toEqual(expect.arrayContaining(["container_run", "container_restart"]));
    });

    test("runs a job", async () => {
      const job = { image: "busybox", pull: "never", command: "echo out; echo err >&2; exit 3", timeoutSeconds: 60 };
      expect(await client.call("container_run", job)).toMatchObject({
        failed: false,
        envelope: { status: "done", result: { exitCode: 3, stdout: "out\n", stderr: "err\n" } },
      });
    });

    test("gets an error, with what to do next", async () => {
      const { failed, text } = await client.call("container_inspect", { container: "nothing-is-called-so" });
      expect(failed).toBe(true);
      expect(text).toMatch(/^Error: .*\(not_found\)\nhint: /);
    });

    test("reads what a container writes, as a resource", async () => {
      expect(await client.read(`docker://containers/cos-${served.service}/logs`)).toContain("ready");
    });

    test("restarts a container once it has confirmed that", async () => {
      const startedAt = async () => {
        const { envelope } = await client.call("container_inspect", { container: served.service });
        return (envelope["result"] as { startedAt: string }).startedAt;
      };
      const before = await startedAt();
      const restart = { container: served.service, graceSeconds: 0 };
      const asked = await client.call("container_restart", restart);
      expect(asked).toMatchObject({ failed: false, envelope: { status: "confirm", rule: "ask-first" } });
      const { preview, confirmToken } = asked.envelope;
      expect((preview as { text: string }).text).toContain(`Restart container cos-${served.service}`);
      expect(await startedAt()).toBe(before);

      const confirmed = await client.call("container_restart", { ...restart, confirmToken });
      expect(confirmed).toMatchObject({ failed: false, envelope: { status: "done", result: { state: "running" } } });
      expect(await startedAt()).not.toBe(before);
    });
  });
}
