import { randomBytes } from "node:crypto";
import { CosError, createSigner, defineWorkload } from "@cos/core";
import { addContainer, createMemoryEngine, createMemoryHost, fakeBusybox, type MemoryProgram } from "@cos/core/testing";
import { defaultPolicy, definePolicy } from "@cos/policy";
import { describe, expect, test } from "vitest";
import { agent, allowAll, deciding, openBench, person } from "../testing/bench.ts";

const image = "busybox:latest";

/** A bench with one container, of somebody who does not know cos. */
function openWith(program: MemoryProgram = fakeBusybox) {
  const host = createMemoryHost();
  const id = addContainer(host, { name: "web", image });
  const engine = createMemoryEngine({ signer: createSigner(randomBytes(32)), images: { [image]: program }, host });
  return { id, engine };
}

describe("container_exec", () => {
  test("answers with the exit code and both streams", async () => {
    const { id, engine } = openWith();
    const outcome = await openBench({ engine }).perform("container_exec", {
      container: "web",
      command: "echo out; echo err >&2; echo more",
    });
    expect(outcome).toMatchObject({
      status: "done",
      result: { containerId: id, name: "web", exitCode: 0, stdout: "out\nmore\n", stderr: "err\n" },
      text: expect.stringMatching(/^exit=0 \(\d+\.\ds\)\nstdout:\nout\nmore\nstderr:\nerr$/),
    });
  });

  test("takes everything that a command can be given", async () => {
    let seen: Parameters<MemoryProgram>[0] | undefined;
    const { engine } = openWith(async (job) => ((seen = job), 7));
    const input = {
      container: "web",
      command: ["psql", "-c", "select 1"],
      stdin: "AGE=",
      stdinEncoding: "base64",
      workingDir: "/srv",
      user: "postgres",
      env: { A: "b" },
      timeoutSeconds: 5,
    };
    expect(await openBench({ engine }).perform("container_exec", input)).toMatchObject({ result: { exitCode: 7 } });
    expect(seen).toMatchObject({
      command: ["psql", "-c", "select 1"],
      workingDir: "/srv",
      user: "postgres",
      variables: { A: "b" },
      stdin: Buffer.from([0, 97]),
    });
  });

  test("gives a command thirty seconds unless told otherwise", async () => {
    const { engine } = openWith();
    const asking = openBench({ engine, policy: deciding("confirm") });
    const outcome = await asking.perform("container_exec", { container: "web", command: "exit 7", env: { A: "b" } });
    expect(outcome).toMatchObject({
      status: "confirm",
      preview: {
        text: expect.stringMatching(/^Run a command in container web \([0-9a-f]{12}\): /),
        changes: {
          action: "exec",
          command: "exit 7",
          timeoutSeconds: 30,
          variables: ["A"],
          container: { name: "web" },
        },
      },
    });
  });

  test("gives somebody who talks with it no time of its own, and the program what they say", async () => {
    const { engine } = openWith();
    const input = { container: "web", command: "cat" };
    const say = async function* () {
      yield Buffer.from("hello");
    };
    const asked = await openBench({ engine, policy: deciding("confirm") }).perform("container_exec", input, {
      interaction: { input: say() },
    });
    expect(asked).toMatchObject({
      status: "confirm",
      preview: { changes: expect.not.objectContaining({ timeoutSeconds: 30 }) },
    });
    const done = await openBench({ engine }).perform("container_exec", input, { interaction: { input: say() } });
    expect(done).toMatchObject({ status: "done", result: { exitCode: 0, stdout: "hello" } });
  });

  test("says when its time is over, and that it was killed", async () => {
    const { engine } = openWith();
    const outcome = await openBench({ engine }).perform("container_exec", {
      container: "web",
      command: "echo ready; sleep 60",
      timeoutSeconds: 1,
    });
    expect(outcome).toMatchObject({
      result: { timedOut: true, killed: true, stdout: "ready\n" },
      text: expect.stringMatching(/timed out killed\nhint: /),
    });
  });

  test("lets others change the container while it runs", async () => {
    let started = () => {};
    const running = new Promise<void>((resolve) => (started = resolve));
    let finish = () => {};
    const { engine } = openWith(async () => {
      started();
      await new Promise<void>((resolve) => (finish = resolve));
      return 0;
    });
    const bench = openBench({ engine, policy: definePolicy([allowAll]) });
    const first = bench.perform("container_exec", { container: "web", command: "serve" });
    await running;
    expect(await bench.perform("container_stop", { container: "web" })).toMatchObject({ status: "done" });
    finish();
    expect(await first).toMatchObject({ status: "done" });
  });

  test("of an agent into a container that cos did not make needs a yes; one with a secret says that it asks for it", async () => {
    const { engine } = openWith();
    const bench = openBench({ engine, policy: defaultPolicy() });
    const call = { container: "web", command: "exit 7" };
    expect(await bench.perform("container_exec", call, { caller: agent })).toMatchObject({
      status: "confirm",
      rule: "agent-runs-unmanaged-containers",
    });
    const { question } = await bench.controlPlane.explain({
      operation: "container_exec",
      input: { ...call, env: { TOKEN: "secret://token" } },
      caller: agent,
    });
    expect(question).toMatchObject({ secrets: true });
    const input = { ...call, env: { TOKEN: "secret://token" } };
    expect(await bench.perform("container_exec", input, { caller: agent })).toMatchObject({
      preview: { text: expect.stringContaining("It uses the secret token."), changes: { secrets: ["token"] } },
    });
  });

  test("keeps the secrets that the container was given out of its answer", async () => {
    const host = createMemoryHost();
    const signer = createSigner(randomBytes(32));
    const program: MemoryProgram = async ({ command, stdout, signal }) => {
      if (command.at(-1) === "env") await stdout("TOKEN=s3cr3t-value\n");
      else await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return 0;
    };
    const engine = createMemoryEngine({ signer, images: { [image]: program }, host });
    const spec = defineWorkload({
      env: { image },
      lifecycle: "persistent",
      name: "db",
      command: "serve",
      variables: { TOKEN: "secret://token", OTHER: "secret://gone" },
    });
    const made = await engine.containers.create({
      spec,
      owner: person.name,
      secrets: (name) => (name === "token" ? "s3cr3t-value" : "another-value"),
    });
    await engine.containers.start(made.id);
    const secrets = (name: string) => {
      if (name !== "token") throw new CosError("not_found", "There is no such secret.");
      return "s3cr3t-value";
    };
    const outcome = await openBench({ engine, secrets }).perform("container_exec", { container: "db", command: "env" });
    expect(outcome).toMatchObject({ status: "done", result: { stdout: "TOKEN=[secret token]\n" } });
  });

  test("keeps a secret's value out of its answer", async () => {
    const { engine } = openWith(async ({ variables, stdout }) => {
      await stdout(`the token is ${variables["TOKEN"]}`);
      return 0;
    });
    const secrets = () => "s3cr3t-value";
    const result = await engine.containers.exec((await engine.containers.list())[0]?.id ?? "", {
      command: "show",
      variables: { TOKEN: "secret://token" },
      secrets,
    });
    expect(result.stdout).toMatch(/^the token is /);
    expect(result.stdout).not.toContain("s3cr3t-value");
  });

  test.each([
    ["no command", {}],
    ["an engine's own field", { command: "id", privileged: true }],
    ["a container by a path", { command: "id", container: "../web" }],
    ["a user that is none", { command: "id", user: "0; id" }],
  ])("is refused with %s, and asks the engine nothing", async (_what, input) => {
    const { engine } = openWith();
    const bench = openBench({ engine });
    await expect(bench.perform("container_exec", { container: "web", ...input })).rejects.toMatchObject({
      code: "invalid_argument",
    });
    expect(bench.engineCalls).toEqual([]);
  });
});
