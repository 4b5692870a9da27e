import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { MountSpec } from "../../spec/mounts.ts";
import { type Bench, job, newName, newSigner, owner, whileRunning } from "./setup.ts";

/** An allowed directory and one beside it, on the machine that the suite runs on. */
function makeDirectories(): { root: string; outside: string } {
  const base = realpathSync(mkdtempSync(join(tmpdir(), "contract-")));
  onTestFinished(() => rmSync(base, { recursive: true }));
  const [root, outside] = [join(base, "root"), join(base, "outside")];
  mkdirSync(root);
  mkdirSync(outside);
  return { root, outside };
}

const readNote = "cat /data/note";
const writeNote = "echo kept > /data/note";

export function describeStorage(bench: Bench): void {
  describe("volumes", () => {
    const volume = (name: string, readOnly = false): { mounts: MountSpec[] } => ({
      mounts: [{ type: "volume", name, target: "/data", readOnly }],
    });

    test("what one job writes to a volume the next one reads", async () => {
      const engine = await bench.connect();
      const name = newName();
      expect(await engine.jobs.run(job(writeNote, volume(name)))).toMatchObject({ exitCode: 0 });
      expect(await engine.jobs.run(job(readNote, volume(name)))).toMatchObject({ exitCode: 0, stdout: "kept\n" });
    });

    test("a volume that is mounted read-only cannot be written to", async () => {
      const engine = await bench.connect();
      const name = newName();
      const result = await engine.jobs.run(job(writeNote, volume(name, true)));
      expect(result.exitCode).not.toBe(0);
      expect(result.stderr).toContain("Read-only file system");
      expect(await engine.jobs.run(job(readNote, volume(name)))).toMatchObject({ exitCode: 1 });
    });

    test("a volume belongs to whoever's job made it, and is foreign to another installation", async () => {
      const [engine, others] = [await bench.connect(), await bench.connect(newSigner())];
      const name = newName();
      await engine.jobs.run(job(writeNote, volume(name)));
      const listed = (await engine.volumes.list({ managed: true })).find((found) => found.name === `cos-${name}`);
      expect(listed?.ownership).toMatchObject({ status: "managed", labels: { owner, name, lifecycle: "persistent" } });
      const seen = (await others.volumes.list()).find((found) => found.name === `cos-${name}`);
      expect(seen?.ownership).toEqual({ status: "foreign", instance: bench.signer.instance, owner });
      expect((await others.volumes.list({ managed: true })).map((found) => found.name)).not.toContain(`cos-${name}`);
    });

    test("a volume can be made beforehand, once, and says what it is for", async () => {
      const engine = await bench.connect();
      const request = { name: newName(), owner, purpose: "for tests", project: "contract" };
      const { volume, created } = await engine.volumes.ensure(request);
      expect(created).toBe(true);
      expect(volume).toMatchObject({
        name: `cos-${request.name}`,
        createdAt: expect.any(Date),
        ownership: { status: "managed", labels: request },
      });
      expect(await engine.volumes.ensure({ ...request, purpose: "else" })).toEqual({ volume, created: false });
      await expect(engine.volumes.ensure({ ...request, owner: "somebody-else" })).rejects.toMatchObject({
        code: "already_exists",
      });
      await expect(engine.volumes.ensure({ ...request, name: "No Name" })).rejects.toMatchObject({
        code: "invalid_argument",
      });
      expect(
        await engine.jobs.run(job(writeNote, { mounts: [{ type: "volume", name: request.name, target: "/data" }] })),
      ).toMatchObject({ exitCode: 0 });
    });

    test("a volume that another installation made cannot be mounted", async () => {
      const [engine, others] = [await bench.connect(), await bench.connect(newSigner())];
      const name = newName();
      await others.jobs.run(job(writeNote, volume(name)));
      await expect(engine.jobs.run(job(readNote, volume(name)))).rejects.toMatchObject({
        code: "already_exists",
        hint: expect.any(String),
      });
    });

    test("a volume of another owner cannot be mounted", async () => {
      const engine = await bench.connect();
      const name = newName();
      await engine.jobs.run(job(writeNote, volume(name)));
      await expect(engine.jobs.run({ ...job(readNote, volume(name)), owner: "somebody-else" })).rejects.toMatchObject({
        code: "already_exists",
      });
    });

    test("a volume in use cannot be removed, and one that is not can", async () => {
      const engine = await bench.connect();
      const name = newName();
      const { seen } = await whileRunning(engine, volume(name), () =>
        engine.volumes.remove(`cos-${name}`).catch((error: unknown) => error),
      );
      expect(seen).toMatchObject({
        code: "conflict",
        details: { containerIds: [expect.stringMatching(/^[0-9a-f]{64}$/)] },
      });
      await engine.close();

      const fresh = await bench.connect();
      await fresh.volumes.remove(`cos-${name}`);
      expect((await fresh.volumes.list()).map((found) => found.name)).not.toContain(`cos-${name}`);
    });

    test("removing a volume that is not there succeeds", async () => {
      const engine = await bench.connect();
      await expect(engine.volumes.remove(`cos-${newName()}`)).resolves.toBeUndefined();
    });
  });

  describe("other mounts", () => {
    test("a tmpfs starts empty and ends with its job", async () => {
      const engine = await bench.connect();
      const mounts: MountSpec[] = [{ type: "tmpfs", target: "/data", size: "1m" }];
      expect(await engine.jobs.run(job(`${writeNote}; ${readNote}`, { mounts }))).toMatchObject({
        exitCode: 0,
        stdout: "kept\n",
      });
      expect(await engine.jobs.run(job(readNote, { mounts }))).toMatchObject({ exitCode: 1, stdout: "" });
    });

    test("a host directory below a root is mounted read-only unless asked otherwise", async () => {
      const engine = await bench.connect();
      const { root } = makeDirectories();
      writeFileSync(join(root, "note"), "from the host\n");
      const mount = { type: "bind", source: root, target: "/data" } as const;
      const hostRoots = [root];
      expect(await engine.jobs.run({ ...job(readNote, { mounts: [mount] }), hostRoots })).toMatchObject({
        stdout: "from the host\n",
      });
      expect((await engine.jobs.run({ ...job(writeNote, { mounts: [mount] }), hostRoots })).exitCode).not.toBe(0);
      expect(readFileSync(join(root, "note"), "utf8")).toBe("from the host\n");
      await engine.jobs.run({ ...job(writeNote, { mounts: [{ ...mount, readOnly: false }] }), hostRoots });
      expect(readFileSync(join(root, "note"), "utf8")).toBe("kept\n");
    });

    test.each([
      ["beside the root", (_root: string, outside: string) => outside],
      ["above the root", (root: string) => join(root, "..")],
      ["reached through the root", (root: string) => `${root}/../outside`],
      ["that a link in the root leads to", (root: string) => join(root, "link")],
      ["that starts like the root", (root: string) => `${root}s`],
      ["that is the whole file system", () => "/"],
      ["outside that does not exist", (_root: string, outside: string) => join(outside, "missing")],
    ])("a host path %s is denied, and the message names no other path", async (_where, choose) => {
      const engine = await bench.connect();
      const { root, outside } = makeDirectories();
      symlinkSync(outside, join(root, "link"));
      const [name, source] = [newName(), choose(root, outside)];
      const request = {
        ...job(readNote, { name, mounts: [{ type: "bind", source, target: "/data" }] }),
        hostRoots: [root],
      };
      const refusal = await engine.jobs.run(request).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: "denied" });
      expect(String(refusal).replaceAll(JSON.stringify(source), "")).not.toContain(root);
      expect((await engine.containers.list()).map((container) => container.name)).not.toContain(`cos-${name}`);
    });

    test("no host path is allowed when there are no roots", async () => {
      const engine = await bench.connect();
      const { root } = makeDirectories();
      const request = job(readNote, { mounts: [{ type: "bind", source: root, target: "/data" }] });
      await expect(engine.jobs.run(request)).rejects.toMatchObject({ code: "denied", hint: expect.any(String) });
    });

    test("a missing path below a root is not found", async () => {
      const engine = await bench.connect();
      const { root } = makeDirectories();
      const request = job(readNote, { mounts: [{ type: "bind", source: join(root, "missing"), target: "/data" }] });
      await expect(engine.jobs.run({ ...request, hostRoots: [root] })).rejects.toMatchObject({ code: "not_found" });
    });
  });
}
