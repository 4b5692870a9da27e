import { randomBytes } from "node:crypto";
import { CosError, createSigner, defineWorkload, type OutputChunk } from "@cos/core";
import { createMemoryEngine, createMemoryHost, fakeBusybox, type MemoryLine, writeLog } from "@cos/core/testing";
import { describe, expect, test } from "vitest";
import { openBench } from "../testing/bench.ts";

const token = "correct horse battery staple";
const key = "-----BEGIN KEY-----\nabcdefghijklmnop\nqrstuvwxyzabcdef\n-----END KEY-----";

/** A service that was given two secrets and has written these lines. `known` is what the table of secrets has now. */
async function openWith(
  lines: readonly string[],
  known: Readonly<Record<string, string>> = { TOKEN: token, KEY: key },
) {
  const host = createMemoryHost();
  const images = { "busybox:latest": fakeBusybox };
  const engine = createMemoryEngine({ signer: createSigner(randomBytes(32)), images, host });
  const spec = defineWorkload({
    env: { image: "busybox" },
    command: "echo ready; sleep 60",
    lifecycle: "persistent",
    name: "web",
    variables: { A: "secret://TOKEN", B: "secret://KEY" },
  });
  const given = (name: string) => (name === "KEY" ? key : token);
  const { id } = await engine.containers.create({ spec, owner: "user", secrets: given });
  await engine.containers.start(id);
  writeLog(host, id, ...lines.map((text): MemoryLine => ({ stream: "stdout", text })));
  const secrets = (name: string) => {
    const value = known[name];
    if (value === undefined) throw new CosError("not_found", `There is no secret ${name}.`);
    return value;
  };
  const bench = openBench({ engine, secrets });
  const read = async (input: object = {}) => {
    const outcome = await bench.perform("container_logs", { container: "web", ...input });
    return (outcome as unknown as { result: { output: string; lines: number; cursor: string } }).result;
  };
  return { bench, read };
}

describe("the log of a container that was given secrets", () => {
  test("is shown without them", async () => {
    const { read } = await openWith([`token is ${token}!`, "and no more"]);
    expect((await read()).output).toContain("token is [secret TOKEN]!\nand no more\n");
  });

  test("is shown without the lines of a secret that has several, also where only its end is asked for", async () => {
    const { read } = await openWith(key.split("\n"));
    for (const input of [{}, { tail: 2 }, { timestamps: true }]) {
      const { output } = await read(input);
      for (const line of key.split("\n")) expect(output).not.toContain(line);
      expect(output).toContain("[secret KEY]");
    }
  });

  test("cannot be searched for what a secret begins with", async () => {
    const { read } = await openWith([`token is ${token}`]);
    expect((await read({ grep: "correct ho" })).lines).toBe(0);
    expect((await read({ grep: "secret TOKEN" })).lines).toBe(1);
  });

  test("is passed on live without them", async () => {
    const { bench } = await openWith([`token is ${token}`]);
    const seen: string[] = [];
    const output = ({ data }: OutputChunk) => void seen.push(Buffer.from(data).toString());
    await bench.perform("container_logs", { container: "web" }, { output });
    expect(seen.join("")).toContain("token is [secret TOKEN]\n");
    expect(seen.join("")).not.toContain(token);
  });

  test("has pages that fit together all the same", async () => {
    const lines = Array.from({ length: 40 }, (_, at) => (at % 3 === 0 ? `${at} ${token}` : `${at} other`));
    const { read } = await openWith(lines);
    const pages = [];
    let page = await read({ since: "1h", limitBytes: 1024 });
    while (page.lines > 0) {
      pages.push(page.output);
      page = await read({ cursor: page.cursor, limitBytes: 1024 });
    }
    expect(pages.length).toBeGreaterThan(0);
    expect(pages.join("").replace(/^ready\n/, "")).toBe(
      lines.map((line) => `${line.replace(token, "[secret TOKEN]")}\n`).join(""),
    );
  });

  test("can be read when a secret is no longer set up", async () => {
    const { read } = await openWith([`token is ${token}`, "and no more"], { KEY: key });
    expect((await read()).output).toContain("and no more\n");
  });

  test("is waited for without them", async () => {
    const { bench } = await openWith([`token is ${token}`]);
    const wait = (pattern: string) =>
      bench.perform("container_wait", { container: "web", until: "log", pattern, timeoutSeconds: 1 });
    expect(await wait("token is")).toMatchObject({ result: { met: true, line: "token is [secret TOKEN]" } });
    expect(await wait("correct ho")).toMatchObject({ result: { met: false } });
  });
});
