import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  closeSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { removeByLabel, startUnmanaged } from "./testing/engine.ts";

const mark = `cp-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
let installation: Installation;
let here: string;

/** What a hostile container leaves: links out, hard links, a pipe, setuid, and names that move cursors. */
const hostile = [
  "mkdir -p /evil/sub /evil/empty",
  "echo plain > /evil/plain",
  "ln -s /etc /evil/etc; ln -s ../../../../../../etc/passwd /evil/passwd; ln -s /evil/sub /evil/sub-link",
  "ln /evil/plain /evil/twin; mkfifo /evil/pipe",
  "echo x > /evil/sub/tool; chmod 4755 /evil/sub/tool",
  "printf x > \"$(printf '/evil/new\\nline')\"; printf x > \"$(printf '/evil/\\033[2Jred')\"",
  "printf x > \"$(printf '/evil/\\377')\"",
  "echo ready; sleep 600",
].join("; ");

beforeAll(async () => {
  installation = makeInstallation();
  here = installation.workDirectory;
  const args = ["run", "--detach", "--pull", "never", "--label", label, "--name", mark, "busybox", "--cmd", hostile];
  expect(await installation.cos(args)).toMatchObject({ code: 0 });
  await vi.waitFor(async () => expect((await cos("logs", mark)).stdout).toBe("ready\n"), { timeout: 20_000 });
});
afterAll(async () => {
  installation.remove();
  await removeByLabel(label);
});

const cos = (...args: string[]) => installation.cos(args);

describe("cos cp", () => {
  test("brings files out of a hostile container, and nothing but files", async () => {
    const { code, stdout, stderr } = await cos("cp", `${mark}:/evil`, "out");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^copied 2 files/);
    expect(readdirSync(join(here, "out")).toSorted()).toEqual(["empty", "plain", "sub"]);
    expect(lstatSync(join(here, "out/sub/tool")).mode & 0o7000).toBe(0);
    for (const name of ["etc", "passwd", "sub-link", "pipe", "twin"])
      expect(stderr).toMatch(new RegExp(`skipped ${name}: `));
    expect(stderr).not.toContain("\u001b");
    expect(stderr).not.toMatch(/\nline/);
  });

  test("takes a link that is named for what it leads to, within the container", async () => {
    expect(await cos("cp", `${mark}:/evil/passwd`, "taken")).toMatchObject({ code: 0 });
    const inside = (await cos("files", "get", mark, "/etc/passwd")).stdout;
    expect(readFileSync(join(here, "taken"), "utf8").trim()).toBe(inside.trim());
    expect(readFileSync(join(here, "taken"), "utf8")).not.toBe(readFileSync("/etc/passwd", "utf8"));
  });

  test("does not write through links that are here", async () => {
    mkdirSync(join(here, "trap"));
    mkdirSync(join(installation.home, "outside"), { recursive: true });
    symlinkSync(join(installation.home, "outside"), join(here, "trap/evil"));
    expect(await cos("cp", `${mark}:/evil`, "trap")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("in the way"),
    });
    expect(readdirSync(join(installation.home, "outside"))).toEqual([]);
  });

  test("puts a file and a directory in, which stay what they were, also through a link of the container", async () => {
    mkdirSync(join(here, "site/css"), { recursive: true });
    writeFileSync(join(here, "site/index.html"), "<p>grüße");
    writeFileSync(join(here, "site/css/ü 日本.css"), Buffer.from([0, 255, 10]));
    symlinkSync("/etc/passwd", join(here, "site/passwd"));
    expect(await cos("cp", "site", `${mark}:/tmp`)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^copied 2 files/),
      stderr: expect.stringContaining("skipped passwd"),
    });
    expect(await cos("cp", join(here, "site/index.html"), `${mark}:/evil/etc/cos-index`)).toMatchObject({ code: 0 });
    expect((await cos("files", "get", mark, "/etc/cos-index")).stdout).toBe("<p>grüße\n");
    expect(existsSync("/etc/cos-index")).toBe(false);
    expect(await cos("cp", `${mark}:/tmp/site`, "back")).toMatchObject({ code: 0 });
    expect(readFileSync(join(here, "back/css/ü 日本.css"))).toEqual(Buffer.from([0, 255, 10]));
  });

  test("says what is wrong with the two places", async () => {
    for (const args of [
      ["a", "b"],
      [`${mark}:/a`, `${mark}:/b`],
      [`${mark}:relative`, "b"],
    ]) {
      expect(await cos("cp", ...args), args.join(" ")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("CONTAINER:"),
      });
    }
    expect(await cos("cp", `${mark}:/no/such`, "x")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no "/no/such"'),
    });
    expect(await cos("cp", "no-such-file", `${mark}:/tmp`)).toMatchObject({ code: 1 });
    expect(await cos("cp", `${mark}:/etc/hostname`, "no/such/place")).toMatchObject({ code: 1 });
  });

  test("leaves containers alone that cos did not make", async () => {
    await startUnmanaged(`${mark}-theirs`, { "user.test": mark });
    for (const args of [
      [`${mark}-theirs:/etc/hostname`, "x"],
      ["site", `${mark}-theirs:/tmp`],
    ]) {
      expect(await cos("cp", ...args)).toMatchObject({ code: 1, stderr: expect.stringContaining("not made by") });
    }
  });

  test("writes neither to a read-only root nor to a directory of the host, but to a volume", async () => {
    const name = `${mark}-strict`;
    const mounts = [
      "--mount",
      `type=volume,name=${mark},target=/data`,
      "--mount",
      "type=bind,source=.,target=/src,readonly=false",
    ];
    const options = [
      "--detach",
      "--pull",
      "never",
      "--label",
      label,
      "--profile",
      "strict",
      "--user",
      "1000:1000",
      "--name",
      name,
      ...mounts,
    ];
    expect(await cos("run", ...options, "busybox", "--cmd", "sleep 600")).toMatchObject({ code: 0 });
    for (const [path, reason] of [
      ["/etc", "read-only"],
      ["/src", "directory of the host"],
      ["/tmp", "tmpfs"],
    ] as const) {
      expect(await cos("cp", "site", `${name}:${path}`), path).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(reason),
      });
    }
    expect(await cos("cp", "site", `${name}:/data`)).toMatchObject({ code: 0 });
    expect((await cos("files", "get", name, "/data/site/index.html")).stdout).toBe("<p>grüße\n");
    await cos("rm", "--force", "--yes", name);
    execFileSync("docker", ["volume", "rm", `cos-${mark}`]);
  });

  test("copies 100 MB both ways byte for byte", async () => {
    const bytes = 100_000_000;
    writeFileSync(join(here, "big"), randomBytes(bytes));
    const wanted = digestOf(join(here, "big"));
    expect(await cos("cp", "big", `${mark}:/tmp/big`)).toMatchObject({ code: 0, stderr: "" });
    expect(await cos("cp", `${mark}:/tmp/big`, "big-back")).toMatchObject({ code: 0, stderr: "" });
    expect(statSync(join(here, "big-back")).size).toBe(bytes);
    expect(digestOf(join(here, "big-back"))).toBe(wanted);
  });
});

describe("cos run", () => {
  const run = (...args: string[]) => cos("run", "--pull", "never", "--label", label, ...args);

  test("gives a job files, and takes its artifacts, also when it fails", async () => {
    writeFileSync(join(here, "job.sh"), "mkdir -p /out/sub; echo made > /out/sub/a; cat /in/data > /left; exit 3\n");
    writeFileSync(join(here, "data"), Buffer.from([0, 255]));
    const files = ["--file", "job.sh:/in/job.sh", "--file", "data:/in/data"];
    const artifacts = ["--artifact", "/out:results", "--artifact", "/left", "--artifact", "/none"];
    const { code, stderr } = await run(...files, ...artifacts, "busybox", "--cmd", "sh /in/job.sh");
    expect(code).toBe(3);
    expect(stderr).toContain("the job left no /none");
    expect(readFileSync(join(here, "results/sub/a"), "utf8")).toBe("made\n");
    expect(readFileSync(join(here, "left"))).toEqual(Buffer.from([0, 255]));
  });

  test.each([
    [["--artifact", "relative"], /PATH/],
    [["--artifact", "/out:../x"], /name below/],
    [["--artifact", "/out:/etc/x"], /name below/],
    [["--file", "no-such-file:/x"], /cannot be read/],
    [["--file", "/etc:/x"], /no file/],
    [["--file", "nowhere"], /SRC:DEST/],
    [["--profile", "strict", "--file", "data:/x"], /read-only root/],
  ])("refuses %j before anything is done", async (args, message) => {
    const { code, stderr } = await run(...args, "busybox", "--cmd", "echo never");
    expect(code).toBe(125);
    expect(stderr).toMatch(message);
  });
});

function digestOf(path: string): string {
  const hash = createHash("sha256");
  const piece = Buffer.alloc(1024 * 1024);
  const file = openSync(path, "r");
  for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) hash.update(piece.subarray(0, read));
  closeSync(file);
  return hash.digest("hex");
}
