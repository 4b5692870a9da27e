import { posix } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { MemoryJob, MemoryProgram } from "./memory-job.ts";

/**
 * Stands in for the image `busybox:latest` on an in-memory engine. It knows the command lines that the contract suite
 * uses, word for word, and answers them as busybox does. Any other command line is a mistake of the test.
 */
export const fakeBusybox: MemoryProgram = async (job) => {
  const [program = "", ...rest] = job.command;
  if (program === "echo") return print(job, `${rest.join(" ")}\n`);
  const inShell = program === "/bin/sh" && rest[0] === "-c";
  const line = inShell ? (rest[1] ?? "") : job.command.join(" ");
  const known = commandLines.get(line);
  if (known !== undefined) return known(job);
  if (inShell) throw new Error(`fakeBusybox does not know the command line ${JSON.stringify(line)}`);
  return fail(job, 127, `exec ${program} failed: No such file or directory`);
};

/** What tells the size of its terminal when a line comes, and again when it has changed. */
const sizesLine = "read line; stty size; trap 'stty size; exit 7' WINCH; echo ready; while true; do sleep 0.1; done";

const commandLines = new Map<string, MemoryProgram>([
  ["echo hello", (job) => print(job, "hello\n")],
  ['echo "$GREETING"', (job) => print(job, `${job.variables["GREETING"] ?? ""}\n`)],
  ['echo "${#GREETING}"', (job) => print(job, `${job.variables["GREETING"]?.length ?? 0}\n`)],
  ["exit 7", async () => 7],
  ["kill -TERM $$", async () => 143],
  ["no-such-program", (job) => fail(job, 127, "sh: no-such-program: not found")],
  ["pwd; id -u", (job) => print(job, `${job.workingDir}\n${job.user}\n`)],
  ["cat", copyInput],
  ["echo ready; cat", async (job) => (await print(job, "ready\n")) || copyInput(job)],
  ["head -n 1", async (job) => print(job, `${(await readLine(job)) ?? ""}\n`)],
  [sizesLine, tellSizes],
  ["wc -c", (job) => print(job, `${job.stdin.byteLength}\n`)],
  ["seq 1 20000", (job) => print(job, Array.from({ length: 20_000 }, (_, i) => `${i + 1}\n`).join(""))],
  ["sleep 0.1", async () => delay(100, 0)],
  ["echo ready; sleep 60", async (job) => (await print(job, "ready\n")) || delay(60_000, 0, { signal: job.signal })],
  [
    "cat /in/note /in/tool; exit 7",
    async (job) => (await print(job, textOf(job, "/in/note") + textOf(job, "/in/tool"))) || 7,
  ],
  [
    "mkdir -p /out/sub; echo one > /out/one; printf '\\377' > /out/sub/raw; sleep 60",
    async (job) => {
      leave(job, "/out/one", Buffer.from("one\n"));
      leave(job, "/out/sub/raw", Buffer.from([0xff]));
      return delay(60_000, 0, { signal: job.signal });
    },
  ],
  [
    'echo "$TOKEN" > /left; exit 7',
    async (job) => leave(job, "/left", Buffer.from(`${job.variables["TOKEN"]}\n`)) || 7,
  ],
  ["cat /data/note", readNote],
  ["echo kept > /data/note", writeNote],
  ["echo kept > /data/note; cat /data/note", async (job) => (await writeNote(job)) || readNote(job)],
  [
    "echo out; echo err >&2; echo more",
    async (job) => {
      await job.stdout("out\n");
      await job.stderr("err\n");
      return print(job, "more\n");
    },
  ],
  [
    'echo "job $NUMBER"; exit "$NUMBER"',
    async (job) => {
      await job.stdout(`job ${job.variables["NUMBER"]}\n`);
      return Number(job.variables["NUMBER"]);
    },
  ],
  [
    "head -c 8388608 /dev/zero",
    async (job) => {
      for (let i = 0; i < 128; i++) await job.stdout(new Uint8Array(65_536));
      return 0;
    },
  ],
  [
    "tail /dev/zero",
    async (job) => {
      while (!job.signal.aborted) job.allocate(1024 ** 2);
      return 137;
    },
  ],
]);

async function print(job: MemoryJob, data: string | Uint8Array): Promise<number> {
  if (data.length > 0) await job.stdout(data);
  return 0;
}

async function copyInput(job: MemoryJob): Promise<number> {
  for await (const data of inputOf(job)) await job.stdout(data);
  return 0;
}

async function* inputOf({ interaction, stdin }: MemoryJob): AsyncGenerator<Uint8Array> {
  if (interaction === undefined) yield stdin;
  else yield* interaction.input;
}

/** The input up to the end of the first line, and no further. */
async function readLine(job: MemoryJob): Promise<string | undefined> {
  let text = "";
  for await (const data of inputOf(job)) {
    text += Buffer.from(data).toString();
    if (text.includes("\n")) return text.split("\n", 1)[0];
  }
  return undefined;
}

async function tellSizes(job: MemoryJob): Promise<number> {
  const terminal = job.interaction?.terminal;
  if (terminal === undefined) return fail(job, 1, "stty: standard input: Inappropriate ioctl for device");
  const tell = () => job.stdout(`${terminal.size().rows} ${terminal.size().columns}\r\n`);
  // A terminal shows what is typed.
  await job.stdout(`${await readLine(job)}\r\n`);
  await tell();
  let unsubscribe = () => {};
  const resized = new Promise<void>((resolve) => (unsubscribe = terminal.onResize(resolve)));
  await job.stdout("ready\r\n");
  await resized;
  unsubscribe();
  await tell();
  return 7;
}

async function fail(job: MemoryJob, exitCode: number, message: string): Promise<number> {
  await job.stderr(`${message}\n`);
  return exitCode;
}

function textOf(job: MemoryJob, path: string): string {
  return job.files.get(path)?.content?.toString() ?? "";
}

/** Leaves a file in the container. Its directories are made. */
function leave(job: MemoryJob, path: string, content: Buffer): number {
  for (let parent = posix.dirname(path); !job.files.has(parent); parent = posix.dirname(parent)) {
    job.files.set(parent, { content: undefined, mode: 0o755 });
  }
  job.files.set(path, { content, mode: 0o644 });
  return 0;
}

async function readNote(job: MemoryJob): Promise<number> {
  const text = job.mounts.get("/data")?.read("note");
  return text === undefined
    ? fail(job, 1, "cat: can't open '/data/note': No such file or directory")
    : print(job, text);
}

async function writeNote(job: MemoryJob): Promise<number> {
  const data = job.mounts.get("/data");
  if (data?.write("note", "kept\n") === true) return 0;
  return fail(
    job,
    1,
    `sh: can't create /data/note: ${data === undefined ? "nonexistent directory" : "Read-only file system"}`,
  );
}
