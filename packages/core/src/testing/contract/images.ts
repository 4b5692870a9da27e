import { describe, expect, onTestFinished, test } from "vitest";
import { type Bench, image, job, newName, owner, whileRunning } from "./setup.ts";

export function describeImages(bench: Bench): void {
  describe("images", () => {
    test("an image that is there is found without pulling", async () => {
      const engine = await bench.connect();
      const found = await engine.images.ensure({ image }, { pull: "never", owner });
      expect(found.id).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(found.tags).toContain(image);
    });

    test("a short reference, the full one and the id name the same image", async () => {
      const engine = await bench.connect();
      const { id } = await engine.images.ensure({ image }, { pull: "never", owner });
      for (const name of ["busybox", "docker.io/library/busybox:latest", id]) {
        expect(await engine.images.ensure({ image: name }, { pull: "never", owner })).toMatchObject({ id });
      }
      expect(await engine.jobs.run(job("echo hello", { env: { image: id } }))).toMatchObject({
        imageId: id,
        stdout: "hello\n",
      });
    });

    test("an image that is not there and may not be pulled is not found, with a hint", async () => {
      const engine = await bench.connect();
      const missing = { image: `cos.invalid/${newName()}:none` };
      const refusal = { code: "not_found", hint: expect.any(String) };
      await expect(engine.images.ensure(missing, { pull: "never", owner })).rejects.toMatchObject(refusal);
      await expect(
        engine.jobs.run(job("echo hello", { env: missing, name: "contract-no-image" })),
      ).rejects.toMatchObject(refusal);
      expect((await engine.containers.list()).map(({ name }) => name)).not.toContain("cos-contract-no-image");
    });

    test("an engine that builds returns the same image for the same Dockerfile; any other says it does not", async () => {
      const engine = await bench.connect();
      const env = { build: { inline: `FROM ${image}\nENV MARK=${newName()}\n` } };
      const ensured = engine.images.ensure(env, { pull: "never", owner });
      if (!engine.capabilities.build) {
        await expect(ensured).rejects.toMatchObject({ code: "unsupported", hint: expect.any(String) });
        return;
      }
      const { id } = await ensured;
      onTestFinished(async () => (await bench.connect()).images.remove(id));
      expect(await engine.images.ensure(env, { pull: "never", owner })).toMatchObject({ id });
      expect(await engine.jobs.run(job("echo hello", { env }))).toMatchObject({ imageId: id, stdout: "hello\n" });
      await engine.close();

      const again = await bench.connect();
      await again.images.remove(id);
      await expect(again.images.ensure({ image: id }, { pull: "never", owner })).rejects.toMatchObject({
        code: "not_found",
      });
    });

    test("is listed with its tags, its age and its size, and is nobody's unless cos made it", async () => {
      const engine = await bench.connect();
      const found = await engine.images.find(image);
      expect((await engine.images.list()).find(({ id }) => id === found?.id)).toMatchObject({
        tags: found?.tags,
        createdAt: expect.any(Date),
        sizeBytes: expect.any(Number),
        ownership: { status: "unmanaged" },
      });
      expect((await engine.images.list({ managed: true })).map(({ id }) => id)).not.toContain(found?.id);
    });

    test("is found by exactly its reference or its full id", async () => {
      const engine = await bench.connect();
      const found = await engine.images.find("busybox");
      expect(await engine.images.find("docker.io/library/busybox:latest")).toEqual(found);
      expect(await engine.images.find(found?.id ?? "")).toEqual(found);
      expect(await engine.images.find(found?.id.slice("sha256:".length, 19) ?? "")).toBeUndefined();
      expect(await engine.images.find(`cos.invalid/${newName()}:none`)).toBeUndefined();
      await expect(engine.images.find("no image at all")).rejects.toMatchObject({ code: "invalid_argument" });
    });

    test("is pulled by name, and pushed only when it is there", async () => {
      const engine = await bench.connect();
      const refused = { code: "invalid_argument" };
      await expect(engine.images.pull(`sha256:${"0".repeat(64)}`)).rejects.toMatchObject(refused);
      await expect(engine.images.push(`cos.invalid/${newName()}:1`)).rejects.toMatchObject({ code: "not_found" });
      expect((await engine.images.list()).flatMap(({ tags }) => tags).join()).not.toContain("cos.invalid");
    });

    test("that a container uses is not removed without force, and says so", async () => {
      const engine = await bench.connect();
      const used = await engine.images.find(image);
      const { seen } = await whileRunning(engine, {}, () =>
        engine.images.remove(used?.id ?? "", { force: false }).catch((error: unknown) => error),
      );
      expect(seen).toMatchObject({ code: "conflict", hint: expect.any(String) });
      expect(await engine.images.find(image)).toBeDefined();
    });

    test("a tag that is not there is taken away without a word", async () => {
      const engine = await bench.connect();
      await expect(engine.images.removeTag(`cos.invalid/${newName()}:1`)).resolves.toBeUndefined();
    });

    test("what depends on an image is told when asked for", async () => {
      const engine = await bench.connect();
      const { id } = await engine.images.ensure({ image }, { pull: "never", owner });
      const [asked] = (await engine.images.list({}, { sizes: true })).filter((listed) => listed.id === id);
      const [plain] = (await engine.images.list()).filter((listed) => listed.id === id);
      expect(asked?.use).toEqual({ ownBytes: expect.any(Number), isBase: expect.any(Boolean) });
      expect(plain?.use).toBeUndefined();
      const { use: _use, ...rest } = asked ?? {};
      expect({ ...rest }).toEqual({ ...plain });
    });

    test("removing an image that is not there succeeds", async () => {
      const engine = await bench.connect();
      await expect(engine.images.remove(`sha256:${"0".repeat(64)}`)).resolves.toBeUndefined();
    });
  });
}
