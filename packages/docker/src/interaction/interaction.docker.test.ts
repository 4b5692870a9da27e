import { randomBytes } from "node:crypto";
import { createSigner, defineWorkload, type Engine, type Interaction, type JobRequest } from "@cos/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectDocker } from "../connect.ts";
import { FaultProxy } from "../testing/fault-proxy.ts";
import {
  callEngine,
  containersWith,
  createRawContainer,
  enginePath,
  removeContainersWith,
} from "../testing/raw-engine.ts";

const testRun = `interaction-${randomBytes(4).toString("hex")}`;
const label = `user.test=${testRun}`;
const attach = /^POST \/containers\/[0-9a-f]+\/attach/;
const resize = /^POST \/containers\/[0-9a-f]+\/resize/;

let proxy: FaultProxy;
let engine: Engine;

beforeEach(async () => {
  proxy = await FaultProxy.start(enginePath());
  engine = await connectDocker({ host: proxy.host, signer: createSigner(randomBytes(32)) });
});
afterEach(async () => {
  try {
    await engine.close();
    expect(await containersWith(label), "containers left behind").toEqual([]);
  } finally {
    await proxy[Symbol.asyncDispose]();
    await removeContainersWith(label);
  }
});

function job(command: string): JobRequest {
  const defaults = { env: { image: "busybox:latest" }, pull: "never", timeoutSeconds: 30 } as const;
  return { owner: "tester", spec: defineWorkload({ ...defaults, labels: { "user.test": testRun }, command }) };
}

/** Somebody at a terminal: types each piece once the terminal has shown what stands beside it. */
function atTerminal(script: readonly (readonly [shown: string, typed: string | Uint8Array])[], size = [80, 24]) {
  let [shown, wake, resized] = ["", () => {}, () => {}];
  const [columns = 0, rows = 0] = size;
  const now = { columns, rows };
  async function* type(): AsyncGenerator<Uint8Array> {
    let seen = 0;
    for (const [text, typed] of script) {
      while (!shown.includes(text, seen)) await new Promise<void>((resolve) => (wake = resolve));
      seen = shown.indexOf(text, seen) + text.length;
      yield Buffer.from(typed);
    }
    await new Promise(() => {});
  }
  const interaction: Interaction = {
    input: type(),
    terminal: { size: () => now, onResize: (callback) => ((resized = callback), () => {}) },
  };
  return {
    interaction,
    resize: (to: Partial<typeof now>) => (Object.assign(now, to), resized()),
    output: ({ data }: { readonly data: Uint8Array }) => {
      shown += Buffer.from(data).toString("latin1");
      wake();
    },
  };
}

/** Everything that can be typed, byte by byte what would detach it from the engine. */
const keys = [
  Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  ...[0, 0, 30, 0, 16, 17, 0, 30, 0, 31, 65].map((byte) => Buffer.from([byte])),
];
const countsKeys = `stty raw -echo; echo ready; head -c ${Buffer.concat(keys).byteLength} | od -An -v -tx1 | tr -d ' \\n'; echo " end"`;

test("a command in a container, at a terminal, gets every byte that is typed, too", async () => {
  const id = await createRawContainer(label, { command: "sleep 600" });
  await callEngine("POST", `/containers/${id}/start`);
  const { interaction, output } = atTerminal(keys.map((typed, index) => [index === 0 ? "ready" : "", typed] as const));
  const { stdout } = await engine.containers.exec(id, { command: countsKeys }, { interaction, output });
  expect(stdout).toBe(`ready\n${Buffer.concat(keys).toString("hex")} end\n`);
  await engine.containers.remove(id);
});

describe("a job at a terminal", () => {
  test("gets every byte that is typed, also those that would detach it from the engine", async () => {
    const { interaction, output } = atTerminal(
      keys.map((typed, index) => [index === 0 ? "ready" : "", typed] as const),
    );
    const { stdout } = await engine.jobs.run(job(countsKeys), { interaction, output });
    expect(stdout).toBe(`ready\n${Buffer.concat(keys).toString("hex")} end\n`);
  });

  test("writes every byte unchanged, and is a terminal on all three streams", async () => {
    const line =
      "test -t 0 && test -t 1 && test -t 2 && stty raw && printf 'a\\nb\\r\\n\\033[2J\\001\\002\\000\\000\\000\\000\\000\\004text\\377'";
    const bytes: Buffer[] = [];
    const { interaction } = atTerminal([]);
    const output = ({ data, stream }: { data: Uint8Array; stream: string }) => {
      expect(stream).toBe("stdout");
      bytes.push(Buffer.from(data));
    };
    const result = await engine.jobs.run(job(line), { interaction, output });
    expect(result).toMatchObject({ exitCode: 0, stderr: "", outputLost: false });
    expect(Buffer.concat(bytes).toString("latin1")).toBe("a\nb\r\n\u001b[2J\u0001\u0002\0\0\0\0\0\u0004text\u00ff");
  });

  test("whose connection delivers single bytes shows the same", async () => {
    proxy.script(attach, { kind: "slice-answer", bytes: 1 });
    const { interaction, output } = atTerminal([["", "one two\n"]]);
    expect(await engine.jobs.run(job("read -r line; echo got $line"), { interaction, output })).toMatchObject({
      exitCode: 0,
      stdout: "one two\r\ngot one two\r\n",
    });
  });

  test("ctrl-c reaches the program, and not the job", async () => {
    const line = "trap 'echo caught; exit 9' INT; echo ready; while true; do sleep 0.1; done";
    const { interaction, output } = atTerminal([["ready", "\u0003"]]);
    expect(await engine.jobs.run(job(line), { interaction, output })).toMatchObject({
      exitCode: 9,
      cancelled: false,
      stdout: "ready\r\n^Ccaught\r\n",
    });
  });

  test("keeps only the head and the tail of what it shows", async () => {
    let bytes = 0;
    const { interaction } = atTerminal([]);
    const output = ({ data }: { data: Uint8Array }) => void (bytes += data.byteLength);
    const result = await engine.jobs.run({ ...job("seq 1 20000"), outputBytes: 1000 }, { interaction, output });
    expect(bytes).toBe(108_894 + 20_000);
    expect(result.stdoutCutBytes).toBe(bytes - 1000);
  });

  test("shows a secret to who sits there, and keeps it out of the result", async () => {
    const { spec, owner } = job('echo "<$TOKEN>"');
    const secret = { ...spec, variables: { TOKEN: "secret://token" } };
    let shown = "";
    const result = await engine.jobs.run(
      { owner, spec: secret, secrets: () => "correct-horse-battery" },
      { interaction: atTerminal([]).interaction, output: ({ data }) => void (shown += Buffer.from(data).toString()) },
    );
    expect(shown).toBe("<correct-horse-battery>\r\n");
    expect(result.stdout).not.toContain("correct");
    expect(result.stdout).toMatch(/^<.+>\r\n$/);
  });

  test("that is killed while somebody types leaves nothing behind", async () => {
    const stop = new AbortController();
    const { interaction, output } = atTerminal([["ready", "x"]]);
    const running = engine.jobs.run(job("echo ready; sleep 60"), {
      interaction,
      signal: stop.signal,
      output: (chunk) => {
        output(chunk);
        stop.abort();
      },
    });
    expect(await running).toMatchObject({ cancelled: true, exitCode: 137 });
  });

  test("that is resized often is told of the last size", async () => {
    const line = `echo ready; until [ "$(stty size 2>&1)" = "24 120" ]; do sleep 0.05; done; echo done`;
    const person = atTerminal([]);
    const { stdout } = await engine.jobs.run(job(line), {
      interaction: person.interaction,
      output: (chunk) => {
        person.output(chunk);
        if (!Buffer.from(chunk.data).includes("ready")) return;
        for (let columns = 81; columns <= 120; columns++) person.resize({ columns });
      },
    });
    expect(stdout).toBe("ready\r\ndone\r\n");
    expect(proxy.requests.filter((request) => resize.test(request)).length).toBeLessThan(20);
  });

  test.each([
    ["of no known size", [0, 0]],
    ["larger than engines take", [70_000, 24]],
  ])("%s is not resized, and runs", async (_what, size) => {
    const { interaction, output } = atTerminal([["", "\n"]], size);
    expect(await engine.jobs.run(job("read line; echo done"), { interaction, output })).toMatchObject({ exitCode: 0 });
    expect(proxy.requests.filter((request) => resize.test(request))).toEqual([]);
  });

  test("runs also when the engine fails to resize it", async () => {
    proxy.script(resize, { kind: "drop-request" }, Infinity);
    const { interaction, output } = atTerminal([["", "\n"]]);
    expect(await engine.jobs.run(job("read line; echo done"), { interaction, output })).toMatchObject({ exitCode: 0 });
  });

  test("whose command does not exist ends with 127, and nobody listens for sizes any more", async () => {
    let listeners = 0;
    const { interaction } = atTerminal([]);
    const terminal = {
      size: () => ({ columns: 80, rows: 24 }),
      onResize: () => {
        listeners++;
        return () => void listeners--;
      },
    };
    const { spec, owner } = job("true");
    const missing = { owner, spec: { ...spec, command: ["/no/such/program"] } };
    expect(await engine.jobs.run(missing, { interaction: { ...interaction, terminal } })).toMatchObject({
      exitCode: 127,
    });
    expect(listeners).toBe(0);
  });
});
