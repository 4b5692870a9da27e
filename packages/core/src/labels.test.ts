import { createHmac, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "./canonical.ts";
import { deriveKey } from "./derive-key.ts";
import { CosError } from "./errors.ts";
import {
  createSigner,
  engineName,
  fromLabels,
  isEngineName,
  type ManagedLabels,
  managedLabel,
  maxSpecLabelBytes,
  newObjectId,
  type ObjectKind,
  specLabel,
  temporaryName,
  toLabels,
  userLabels,
} from "./labels.ts";
import { defineWorkload } from "./spec/workload-spec.ts";

/** Any character at all, lone surrogates included. */
const character = fc.oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0x10ffff })).map((code) => String.fromCodePoint(code));

const kinds = ["container", "image", "network", "volume"] as const satisfies readonly ObjectKind[];
const kind = fc.constantFrom(...kinds);
const text = fc.string({ unit: character, maxLength: 40 });
const managed: fc.Arbitrary<ManagedLabels> = fc.record({
  id: fc.constant(newObjectId()),
  owner: text,
  lifecycle: fc.constantFrom("ephemeral", "persistent"),
  name: text,
  purpose: text,
  project: text,
  image: text,
  createdAt: fc.date({ noInvalidDate: true, min: new Date("1970-01-01"), max: new Date("9999-12-31") }),
  ttlSeconds: fc.option(fc.integer({ min: 1, max: 31_536_000 }), { nil: undefined }),
  spec: text,
  specDigest: text,
});

const key = randomBytes(32);
const signer = createSigner(key);

const example: ManagedLabels = {
  id: "0123456789abcdef0123456789abcdef",
  owner: "alice",
  lifecycle: "ephemeral",
  name: "web",
  purpose: "tries something",
  project: "demo",
  image: "busybox:latest",
  createdAt: new Date("2026-01-02T03:04:05.678Z"),
  ttlSeconds: 60,
  spec: "{}",
  specDigest: "d",
};

describe("labels", () => {
  test("are signed over their canonical JSON", () => {
    fc.assert(
      fc.property(kind, managed, (what, values) => {
        const { "cos.sig": signature, ...signed } = toLabels(what, values, signer);
        const expected = createHmac("sha256", deriveKey(key, "cos ownership v1"))
          .update(canonicalJson([what, signed]))
          .digest("hex");
        expect(signature).toBe(expected);
      }),
    );
  });

  test("come back as what was written", () => {
    fc.assert(
      fc.property(kind, managed, (what, labels) => {
        const written = toLabels(what, labels, signer);
        expect(fromLabels(what, engineName(labels.name), written, signer)).toEqual({ status: "managed", labels });
      }),
    );
  });

  test("always write every key, so that none can be inherited from an image", () => {
    const { ttlSeconds: _, ...rest } = example;
    const bare: ManagedLabels = {
      ...rest,
      ttlSeconds: undefined,
      purpose: "",
      project: "",
      image: "",
      spec: "",
      specDigest: "",
    };
    const expected = [
      "cos.created",
      "cos.id",
      "cos.image",
      "cos.instance",
      "cos.lifecycle",
      "cos.managed",
      "cos.name",
      "cos.owner",
      "cos.project",
      "cos.purpose",
      "cos.sig",
      "cos.spec",
      "cos.spec-digest",
      "cos.ttl",
    ];
    expect(Object.keys(toLabels("container", bare, signer)).toSorted()).toEqual(expected);
    expect(Object.keys(toLabels("container", example, signer)).toSorted()).toEqual(expected);
    expect(toLabels("container", bare, signer)).toMatchObject({ [managedLabel.name]: managedLabel.value });
  });

  test("never contain the key", () => {
    expect(JSON.stringify(toLabels("container", example, signer))).not.toContain(key.toString("hex"));
  });
});

describe("ownership", () => {
  const written = toLabels("container", example, signer);
  const labelNames = Object.keys(written);

  test("is lost when any one of the labels is changed", () => {
    fc.assert(
      fc.property(managed, fc.constantFrom(...labelNames), text, (labels, name, value) => {
        const good = toLabels("container", labels, signer);
        fc.pre(good[name] !== value);
        expect(fromLabels("container", engineName(labels.name), { ...good, [name]: value }, signer).status).not.toBe(
          "managed",
        );
      }),
    );
  });

  test.each(labelNames)("is lost when %s is removed", (name) => {
    const { [name]: _, ...rest } = written;
    expect(fromLabels("container", "cos-web", rest, signer).status).not.toBe("managed");
  });

  test("is lost when a cos label is added", () => {
    fc.assert(
      fc.property(text, text, (suffix, value) => {
        fc.pre(!labelNames.includes(`cos.${suffix}`));
        expect(fromLabels("container", "cos-web", { ...written, [`cos.${suffix}`]: value }, signer)).toEqual({
          status: "unmanaged",
        });
      }),
    );
  });

  test("is not touched by labels of others", () => {
    fc.assert(
      fc.property(text, text, (name, value) => {
        fc.pre(!name.startsWith("cos.") && name !== "__proto__");
        expect(fromLabels("container", "cos-web", { ...written, [name]: value }, signer).status).toBe("managed");
      }),
    );
  });

  test.each([
    ["in upper case", (sig: string) => sig.toUpperCase().replace(/^[0-9]*$/, "A")],
    ["with something after it", (sig: string) => `${sig}zz`],
    ["cut short", (sig: string) => sig.slice(0, 62)],
    ["of zeros", () => "0".repeat(64)],
    ["that is empty", () => ""],
  ])("is lost with a signature %s", (_what, change) => {
    const forged = { ...written, "cos.sig": change(written["cos.sig"] ?? "") };
    expect(fromLabels("container", "cos-web", forged, signer)).toEqual({ status: "unmanaged" });
  });

  test("is lost on an object of another kind", () => {
    fc.assert(
      fc.property(kind, kind, managed, (made, found, labels) => {
        fc.pre(made !== found);
        expect(fromLabels(found, engineName(labels.name), toLabels(made, labels, signer), signer)).toEqual({
          status: "unmanaged",
        });
      }),
    );
  });

  test.each(["web", "cos-we", "cos-web2", "cos-", "", "COS-web", "/cos-web", "cos-web "])(
    "is lost on an object named %j",
    (name) => {
      expect(fromLabels("container", name, written, signer)).toEqual({ status: "unmanaged" });
    },
  );

  test("holds under the two temporary names that are made of the object's own id, of containers only", () => {
    const name = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$/);
    const role = fc.constantFrom("next" as const, "previous" as const);
    fc.assert(
      fc.property(kind, managed, name, role, (what, labels, called, as) => {
        const own = { ...labels, id: newObjectId(), name: called };
        const temporary = temporaryName(called, as, own.id);
        const found = fromLabels(what, temporary, toLabels(what, own, signer), signer);
        expect(found.status).toBe(what === "container" ? "managed" : "unmanaged");
        expect(isEngineName(temporary)).toBe(true);
        const other = temporaryName(called, as, newObjectId());
        expect(fromLabels(what, other, toLabels(what, own, signer), signer).status).toBe("unmanaged");
      }),
    );
  });

  test.each([
    "cos-web.next-0123456789a",
    "cos-web.next-0123456789abc",
    "cos-web.next-0123456789AB",
    "cos-web.next-0123456789ab.next-0123456789ab",
    "cos-web.other-0123456789ab",
    "cos-web.next",
    "cos-web2.next-0123456789ab",
    "web.next-0123456789ab",
    "cos-web.next-0123456789ab\n",
  ])("is lost under the name %j", (name) => {
    expect(fromLabels("container", name, written, signer)).toEqual({ status: "unmanaged" });
  });

  test.each(["", "0123", "0123456789AB0123456789ab01234567"])(
    "is not held under a temporary name by the id %j",
    (id) => {
      const labels = toLabels("container", { ...example, id }, signer);
      expect(fromLabels("container", temporaryName("web", "next", id), labels, signer).status).toBe("unmanaged");
    },
  );

  test("is not passed on by an image that was built from a managed container", () => {
    expect(fromLabels("container", "cos-other", written, signer)).toEqual({ status: "unmanaged" });
    expect(fromLabels("image", "cos-web", written, signer)).toEqual({ status: "unmanaged" });
  });

  test("is claimed by plain labels in vain", () => {
    const plain = { "cos.managed": "true", "cos.owner": "alice", "cos.name": "web" };
    expect(fromLabels("container", "cos-web", plain, signer)).toEqual({ status: "unmanaged" });
    expect(fromLabels("container", "cos-web", { ...plain, "cos.instance": signer.instance }, signer)).toEqual({
      status: "unmanaged",
    });
    expect(fromLabels("container", "cos-web", {}, signer)).toEqual({ status: "unmanaged" });
  });

  test("is foreign under another installation's key, which names the instance and the owner", () => {
    const other = createSigner(randomBytes(32));
    expect(fromLabels("container", "cos-web", written, other)).toEqual({
      status: "foreign",
      instance: signer.instance,
      owner: "alice",
    });
  });

  test.each(["", "nonsense", "0123456789ABCDEF", "0".repeat(17)])(
    "is unmanaged, not foreign, with the instance %j",
    (instance) => {
      expect(fromLabels("container", "cos-web", { ...written, "cos.instance": instance }, signer)).toEqual({
        status: "unmanaged",
      });
    },
  );
});

describe("a signer", () => {
  test("recognises what a retired key signed, and signs with the current one", () => {
    const [newer, newest] = [randomBytes(32), randomBytes(32)];
    const rotated = createSigner(newest, [newer, key]);
    expect(fromLabels("container", "cos-web", toLabels("container", example, signer), rotated).status).toBe("managed");
    expect(
      fromLabels("container", "cos-web", toLabels("container", example, createSigner(newer)), rotated).status,
    ).toBe("managed");
    expect(toLabels("container", example, rotated)).toEqual(toLabels("container", example, createSigner(newest)));
  });

  test("does not let one key's signature pass under another key's name", () => {
    const other = createSigner(randomBytes(32));
    const both = createSigner(randomBytes(32), [key]);
    const labels = { ...toLabels("container", example, other), "cos.instance": signer.instance };
    expect(fromLabels("container", "cos-web", labels, both).status).not.toBe("managed");
  });

  test("has the same instance for the same key, and another for another", () => {
    expect(createSigner(key).instance).toBe(signer.instance);
    expect(signer.instance).toMatch(/^[0-9a-f]{16}$/);
    expect(createSigner(randomBytes(32)).instance).not.toBe(signer.instance);
  });

  test("refuses a key, current or retired, that is shorter than 32 bytes", () => {
    const tooShort = expect.objectContaining({ code: "invalid_argument", hint: expect.any(String) });
    expect(() => createSigner(randomBytes(31))).toThrow(tooShort);
    expect(() => createSigner(key, [new Uint8Array()])).toThrow(tooShort);
  });
});

describe("a spec's label", () => {
  const env = { image: "busybox" };

  test("is the canonical spec, with a digest that every field changes", () => {
    const one = specLabel(defineWorkload({ env, variables: { A: "1", B: "2" } }));
    expect(specLabel(defineWorkload({ variables: { B: "2", A: "1" }, env }))).toEqual(one);
    expect(JSON.parse(one.spec)).toMatchObject({ env, variables: { A: "1", B: "2" } });
    expect(specLabel(defineWorkload({ env, variables: { A: "1", B: "3" } })).specDigest).not.toBe(one.specDigest);
  });

  test("holds digests in place of the content of files, and references to secrets as they are", () => {
    const files = [
      { path: "/in/data", content: "hunter22" },
      { path: "/in/key", content: "secret://KEY" },
    ];
    const { spec } = specLabel(defineWorkload({ env, files }));
    expect(spec).not.toContain("hunter22");
    expect(spec).toContain('"content":"secret://KEY"');
  });

  test("holds a digest in place of standard input", () => {
    const [one, two] = ["a secret", "another"].map((stdin) => specLabel(defineWorkload({ env, stdin })));
    expect(one?.spec).not.toContain("a secret");
    expect(one?.specDigest).not.toBe(two?.specDigest);
    const large = specLabel(defineWorkload({ env, stdin: "x".repeat(1024 * 1024) }));
    expect(Buffer.byteLength(large.spec)).toBeLessThan(1024);
  });

  test("of more than 32 KiB is refused with a hint", () => {
    const spec = (bytes: number) => defineWorkload({ env, variables: { A: "ü".repeat(bytes / 2) } });
    const overhead = Buffer.byteLength(specLabel(spec(0)).spec);
    const most = maxSpecLabelBytes - overhead - (overhead % 2);
    expect(Buffer.byteLength(specLabel(spec(most)).spec)).toBeLessThanOrEqual(maxSpecLabelBytes);
    expect(() => specLabel(spec(most + 2))).toThrow(CosError);
    expect(() => specLabel(spec(most + 2))).toThrow(
      expect.objectContaining({ code: "invalid_argument", hint: expect.any(String) }),
    );
  });
});

test("ids are 128 random bits as hex", () => {
  expect(newObjectId()).toMatch(/^[0-9a-f]{32}$/);
  expect(newObjectId()).not.toBe(newObjectId());
});

test("a caller's own labels are those named user.*", () => {
  expect(userLabels({ "user.team": "red", user: "x", "cos.name": "web", "com.example.user.team": "y" })).toEqual({
    "user.team": "red",
  });
});
