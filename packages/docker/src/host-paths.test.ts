import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { assertNotTheEngines, resolveHostPath } from "./host-paths.ts";

let directory: string;
let root: string;
let outside: string;

beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), "cos-paths-")));
  root = join(directory, "root");
  outside = join(directory, "outside");
  await mkdir(join(root, "project"), { recursive: true });
  await mkdir(outside);
  await writeFile(join(outside, "secret"), "");
  await writeFile(join(root, "file"), "");
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const codeOf = (path: string, roots: readonly string[] = [root]) =>
  resolveHostPath(path, roots).then(
    () => "allowed",
    (error: { code: string }) => error.code,
  );

describe("a path below a root", () => {
  test("is allowed as it is, as the root itself, and written relatively", async () => {
    expect(await resolveHostPath(join(root, "project"), [root])).toBe(join(root, "project"));
    expect(await resolveHostPath(root, [root])).toBe(root);
    expect(await resolveHostPath(relative(process.cwd(), join(root, "file")), [root])).toBe(join(root, "file"));
    expect(await resolveHostPath(`${root}/project/../file`, [root])).toBe(join(root, "file"));
  });

  test("is given with its links resolved", async () => {
    await symlink("project", join(root, "link"));
    expect(await resolveHostPath(join(root, "link"), [root])).toBe(join(root, "project"));
  });

  test("is not found when nothing is there", async () => {
    expect(await codeOf(join(root, "nothing"))).toBe("not_found");
    expect(await codeOf(join(root, "nothing", "at", "all"))).toBe("not_found");
    expect(await codeOf(join(root, "file", "below"))).toBe("not_found");
  });

  test("may be named by way of a root that is a link, and by where that leads", async () => {
    const link = join(directory, "link-to-root");
    await symlink(root, link);
    expect(await resolveHostPath(join(link, "file"), [link])).toBe(join(root, "file"));
    expect(await resolveHostPath(join(root, "file"), [link])).toBe(join(root, "file"));
    expect(await resolveHostPath(join(link, "file"), [link, "/nonexistent"])).toBe(join(root, "file"));
  });

  test("may begin with two dots", async () => {
    await mkdir(join(root, "..data"));
    expect(await codeOf(join(root, "..data"))).toBe("allowed");
  });
});

describe("a path outside every root", () => {
  test("is denied, however it is written", async () => {
    for (const path of [
      outside,
      directory,
      "/",
      `${root}/../outside`,
      `${root}-other`,
      `${root}/../root/../outside/secret`,
    ]) {
      expect(await codeOf(path), path).toBe("denied");
    }
  });

  test("is denied without any root, also when nothing is there", async () => {
    expect(await codeOf(root, [])).toBe("denied");
    expect(await codeOf("/nonexistent", [])).toBe("denied");
    expect(await codeOf(root, ["/nonexistent"])).toBe("denied");
  });

  test("is denied when a link leads there", async () => {
    await symlink(outside, join(root, "link"));
    await symlink("link/secret", join(root, "chain"));
    expect(await codeOf(join(root, "link"))).toBe("denied");
    expect(await codeOf(join(root, "link", "secret"))).toBe("denied");
    expect(await codeOf(join(root, "chain"))).toBe("denied");
  });

  test("is denied alike whether something is there or not", async () => {
    await symlink(outside, join(root, "link"));
    await symlink(join(outside, "nothing"), join(root, "dangling"));
    await symlink(join(root, "loop"), join(root, "loop"));
    for (const path of [join(outside, "secret"), join(outside, "nothing")]) expect(await codeOf(path)).toBe("denied");
    for (const path of ["link/secret", "link/nothing", "link/nothing/below", "dangling", "dangling/below", "loop"]) {
      expect(await codeOf(join(root, path)), path).toBe("denied");
    }
  });
});

describe("the engine's own files", () => {
  const socket = "/run/engine/engine.sock";
  const data = "/var/lib/engine";

  test.each([socket, "/run/engine", "/run", "/", data, `${data}/volumes/secret`, "/var/lib"])(
    "%s is refused, because it is a part of the engine or holds one",
    async (path) => {
      await expect(assertNotTheEngines(path, [socket, data])).rejects.toMatchObject({
        code: "denied",
        hint: expect.any(String),
      });
    },
  );

  test.each(["/run/engine2", "/var/lib/engineering", "/home/user/project", "/run/engine/engine.sock.d"])(
    "%s is nobody's but the user's",
    async (path) => {
      await expect(assertNotTheEngines(path, [socket, data])).resolves.toBeUndefined();
    },
  );
});
