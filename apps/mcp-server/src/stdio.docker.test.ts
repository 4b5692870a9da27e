import { type Caller, catalogue } from "@cos/control-plane";
import { JSONRPCMessageSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectStdio, type StdioClient } from "./testing/index.ts";
import { type Installation, makeInstallation } from "./testing/installation.ts";
import type { Message } from "./testing/messages.ts";
import { ownJobs, patiently } from "./testing/own-jobs.ts";
import { type ServerProcess, startServer } from "./testing/server-process.ts";

const caller: Caller = { kind: "stdio", name: "tester", hostRoots: [] };
const asTester = ["--as", caller.name];
let installation: Installation;
const { job, label, list: listJobs, expectNone } = ownJobs(() => installation, caller);

beforeAll(() => {
  installation = makeInstallation();
});
afterAll(async () => {
  try {
    await expectNone();
  } finally {
    installation.remove();
  }
});

/** What the server under test has recorded since the last time. */
function recorder() {
  const ofServer = () => installation.auditEvents().filter(({ writer }) => writer === "mcp");
  const before = ofServer().length;
  return () => ofServer().slice(before);
}

describe("an MCP client", () => {
  let client: StdioClient;

  beforeAll(async () => {
    client = await connectStdio({ env: installation.env, toolsets: "default", args: asTester });
  });
  afterAll(() => client.close());

  test("finds the tools that agents need most", async () => {
    const tools = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(["container_run", "container_exec", "ping"]));
    expect(tools.length).toBeLessThanOrEqual(15);
  });

  test("runs a job, and gets its result as data and in words", async () => {
    const recorded = recorder();
    expect(await client.call("container_run", job("echo out; echo err >&2; exit 3"))).toEqual({
      failed: false,
      envelope: {
        status: "done",
        result: expect.objectContaining({ exitCode: 3, stdout: "out\n", stderr: "err\n", cancelled: false }),
        untrusted: ["stdout", "stderr"],
      },
      text: expect.stringMatching(
        /^exit=3 \(\d+\.\ds\)\nstdout:\nout\nstderr:\nerr\n\[untrusted data .*: stdout, stderr\]$/,
      ),
    });
    const known = { operation: "container_run", caller: { kind: "stdio", name: "tester" } };
    expect(recorded()).toMatchObject([
      { ...known, stage: "started" },
      { ...known, stage: "succeeded" },
    ]);
  });

  test("is told what a job writes while it runs", async () => {
    const told: string[] = [];
    let heard = () => {};
    const first = new Promise<void>((resolve) => (heard = resolve));
    const onProgress = (message: string) => {
      told.push(message);
      if (message === "stdout: one") heard();
    };
    // The SDK's client forgets progress that arrives together with the answer.
    const ended = client.call("container_run", job("echo one; sleep 2; echo two >&2; sleep 1"), { onProgress });
    expect(await Promise.race([first.then(() => "told"), ended.then(() => "ended")])).toBe("told");
    expect(await ended).toMatchObject({ envelope: { result: { stdout: "one\n", stderr: "two\n" } } });
    expect(told.slice(-2)).toEqual(["stdout: one", "stderr: two"]);
  });

  test("looks around, and every answer is what the tool says that it answers", async () => {
    expect(await client.call("ping")).toMatchObject({ envelope: { status: "done", result: { driver: "docker" } } });
    expect(await client.call("container_list", { all: true })).toMatchObject({ envelope: { status: "done" } });
    expect(await client.call("gc")).toMatchObject({ envelope: { status: expect.stringMatching(/done|confirm/) } });
  });

  test("confirms what leaves the sandbox with the token of the preview, which is good once", async () => {
    const wider = job("true", { network: "bridge" });
    const asked = await client.call("container_run", wider);
    expect(asked).toMatchObject({
      failed: false,
      envelope: { status: "confirm", preview: { text: expect.any(String) }, rule: "agent-other-workloads" },
    });
    const { confirmToken } = asked.envelope;
    const confirmed = { ...wider, confirmToken };
    expect(await client.call("container_run", confirmed)).toMatchObject({ envelope: { status: "done" } });
    expect(await client.call("container_run", confirmed)).toMatchObject({
      failed: true,
      envelope: { status: "denied" },
    });
  });

  test("is told what is wrong with its arguments, and each time one line is recorded", async () => {
    const wrong = [
      { image: "busybox", command: "true", privileged: true },
      { image: "busybox", command: "true", timeoutSeconds: "1" },
      { image: ["busybox"] },
      {},
    ];
    for (const input of wrong) {
      const recorded = recorder();
      expect(await client.call("container_run", input)).toMatchObject({
        failed: true,
        envelope: {},
        text: expect.stringMatching(
          /^Error: The input of container_run is not valid: .* \(invalid_argument\)\nhint: ./,
        ),
      });
      expect(recorded()).toMatchObject([
        { stage: "denied", operation: "container_run", rule: "invalid-call", code: "invalid_argument" },
      ]);
    }
  });

  test("is denied a tool that does not exist, and that is recorded", async () => {
    const recorded = recorder();
    expect(await client.call("container_exec_as_root")).toMatchObject({
      failed: true,
      envelope: { status: "denied", rule: "unknown-operation" },
    });
    expect(recorded()).toMatchObject([{ stage: "denied", operation: "container_exec_as_root" }]);
  });

  test("is denied a tool that it is not offered like one that does not exist", async () => {
    const recorded = recorder();
    expect(await client.call("engine_info")).toMatchObject({
      failed: true,
      envelope: { status: "denied", rule: "unknown-operation" },
    });
    expect(recorded()).toMatchObject([{ stage: "denied", operation: "engine_info", rule: "unknown-operation" }]);
  });

  test("cancels a call, and with it what the call started", async () => {
    const recorded = recorder();
    const cancel = new AbortController();
    const onProgress = (message: string) => {
      if (message.startsWith("Starting")) cancel.abort("no longer needed");
    };
    const cancelled = client.call("container_run", job("sleep 300"), { signal: cancel.signal, onProgress });
    await expect(cancelled).rejects.toThrow("no longer needed");
    await expect.poll(listJobs, patiently).toEqual([]);
    await expect.poll(recorded, patiently).toMatchObject([{ stage: "started" }, { stage: "succeeded" }]);
    expect(await client.call("ping")).toMatchObject({ failed: false });
  });

  test("hears nothing on stderr", () => {
    expect(client.stderr()).toBe("");
  });
});

test("a call that needs a person answers with its reference, and waits for nobody when the server ends", async () => {
  const rule = "{name: ask-a-person, operation: container_run, decision: approve, reason: A person decides here.}";
  const policy = installation.writePolicy(`rules:\n  - ${rule}\n`);
  await using client = await connectStdio({ env: installation.env, args: ["--policy", policy] });
  expect(await client.call("container_run", job("true"))).toMatchObject({
    failed: false,
    envelope: { status: "pending", reference: expect.any(String), rule: "ask-a-person" },
  });
  expect(installation.approvalSockets()).toHaveLength(1);
  await client.close();
  expect(installation.approvalSockets()).toEqual([]);
});

test.each([
  ["all", [], catalogue.map(({ name }) => name)],
  ["engine", ["--tools", "volume_list,image_list"], ["image_list", "volume_list", "engine_info", "gc", "ping"]],
  ["engine,volumes", ["--read-only"], ["volume_list", "engine_info", "ping"]],
])("with the toolsets %s and %j a client finds the tools that its operator chose", async (toolsets, args, names) => {
  await using client = await connectStdio({ env: installation.env, toolsets, args });
  expect((await client.listTools()).map(({ name }) => name)).toEqual(names);
  expect(await client.call("ping")).toMatchObject({ failed: !names.includes("ping") });
});

test("arguments that a model wrote as text are understood, and wrong ones are named with the right ones", async () => {
  await using client = await connectStdio({ env: installation.env, args: asTester });
  const asText = { env: '{"GREETING": "hello"}', labels: JSON.stringify(label) };
  expect(await client.call("container_run", { ...job("echo $GREETING"), ...asText })).toMatchObject({
    envelope: { status: "done", result: { stdout: "hello\n" } },
  });
  const { text } = await client.call("container_wait", { container: "x", timeout: 5, zzz: 1 });
  expect(text).toContain('Unrecognized keys: "timeout", "zzz"; did you mean "timeoutSeconds"?');
  expect(text).toMatch(/\nhint: container_wait takes: container \(required\), until, pattern, .*timeoutSeconds/);
  expect((await client.call("container_rn")).text).toContain("hint: Did you mean container_run?");
});

describe("a client whose dialogs the operator trusts", () => {
  const wider = { ...job("echo done"), network: "bridge" };

  test.each(["accept", "decline"] as const)("asks its user within the call, who answers %s", async (answer) => {
    const asked: string[] = [];
    const onDialog = (words: string) => (asked.push(words), answer);
    await using client = await connectStdio({
      env: installation.env,
      args: [...asTester, "--trust-dialogs"],
      onDialog,
    });
    const recorded = recorder();
    const answered = await client.call("container_run", wider);
    expect(asked).toEqual([expect.stringContaining("echo done")]);
    if (answer === "accept") {
      expect(answered).toMatchObject({ envelope: { status: "done", result: { stdout: "done\n" } } });
      expect(recorded()).toMatchObject([
        { stage: "previewed" },
        { stage: "started", consent: "person" },
        { stage: "succeeded", consent: "person" },
      ]);
    } else {
      expect(answered).toMatchObject({ failed: true, envelope: { status: "denied" } });
      expect(recorded()).toMatchObject([{ stage: "previewed" }, { stage: "denied" }]);
    }
  });

  test("is not asked unless the operator said so", async () => {
    const onDialog = () => expect.unreachable();
    await using client = await connectStdio({ env: installation.env, args: asTester, onDialog });
    expect(await client.call("container_run", wider)).toMatchObject({ envelope: { status: "confirm" } });
  });
});

test("a client that may only read is refused everything else", async () => {
  await using client = await connectStdio({ env: installation.env, args: ["--read-only"] });
  expect(await client.call("ping")).toMatchObject({ envelope: { status: "done" } });
  expect(await client.call("container_run", job("true"))).toMatchObject({
    failed: true,
    envelope: { status: "denied", rule: "read-only" },
  });
});

test("a client that asks for it hears how its job goes, before the result", async () => {
  await using server = await startServer({ env: installation.env, args: asTester });
  server.call(1, "container_run", job("true"));
  await server.received(({ id }) => id === 1);
  server.closeInput();
  expect(await server.ended).toBe(0);
  const heard = server.lines.slice(1).map((line) => JSON.parse(line) as Message);
  const progress = (count: number, message: RegExp) => ({
    method: "notifications/progress",
    params: { progressToken: 1, progress: count, message: expect.stringMatching(message) },
  });
  expect(heard).toMatchObject([
    progress(1, /^Creating the container$/),
    progress(2, /^Starting cos-job-/),
    { id: 1, result: { structuredContent: { status: "done" } } },
  ]);
});

test("a client that closes the input after its last request still gets the answer", async () => {
  await using server = await startServer({ env: installation.env });
  server.call(1, "ping", {});
  await server.received(({ id }) => id === 1);
  server.call(2, "ping", {});
  server.closeInput();
  expect(await server.received(({ id }) => id === 2)).toMatchObject({
    result: { structuredContent: { status: "done" } },
  });
  expect(await server.ended).toBe(0);
});

describe("a server that ends while a job runs", () => {
  const ends: [string, (server: ServerProcess) => void][] = [
    ["its client closes the input", (server) => server.closeInput()],
    ["it gets SIGTERM", (server) => server.kill("SIGTERM")],
    ["it gets SIGINT", (server) => server.kill("SIGINT")],
  ];

  test.each(ends)("because %s, kills the job, answers its call and leaves no container", async (_why, end) => {
    await using server = await startServer({ env: installation.env, args: asTester });
    server.call(1, "container_run", job("echo before; sleep 300"));
    await server.received(({ params }) => /"Starting /.test(JSON.stringify(params ?? "")));
    await expect.poll(listJobs, patiently).toMatchObject([{ state: "running" }]);
    end(server);
    expect(await server.ended).toBe(0);
    expect(await listJobs()).toEqual([]);
    expect(await server.received(({ id }) => id === 1)).toMatchObject({
      result: { structuredContent: { status: "done", result: { cancelled: true } } },
    });
    for (const line of server.lines) JSONRPCMessageSchema.parse(JSON.parse(line));
    expect(server.stderr()).toBe("");
  });

  test("because its client has died, leaves no container either", async () => {
    await using server = await startServer({ env: installation.env, args: asTester });
    server.call(1, "container_run", job("sleep 300"));
    await server.received(({ params }) => /"Starting /.test(JSON.stringify(params ?? "")));
    server.closeOutput();
    server.closeInput();
    expect(await server.ended).toBe(0);
    expect(await listJobs()).toEqual([]);
  });
});
