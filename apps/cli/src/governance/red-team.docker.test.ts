import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "../testing/cos.ts";
import { createUnmanagedVolume, removeByLabel, removeVolume, standingOf, startUnmanaged } from "../testing/engine.ts";
import { changesSomething, everyOperation, sampleOf, takesContainer, withFlags } from "../testing/samples.ts";
import { openTracer, type Tracer } from "../testing/traces.ts";
import { agentWays, type Anybody, everyWay, type Setting, type Somebody } from "../testing/ways.ts";

const mark = `gov-red-${randomBytes(4).toString("hex")}`;
/** A container that cos did not make. */
const web = `${mark}-web`;
const subject = { container: web, mark };
let webId: string;
let installation: Installation;
let tracer: Tracer;

beforeAll(async () => {
  installation = makeInstallation();
  tracer = await openTracer(installation);
  webId = await startUnmanaged(web, { "user.test": mark });
  await createUnmanagedVolume(mark);
});
afterAll(async () => {
  tracer.close();
  await removeByLabel(`user.test=${mark}`);
  await removeVolume(mark);
  installation.remove();
});
beforeEach(() => void installation.writePolicy(allowAll));

const allowAll = "defaults: false\nrules: [{ name: allow-all, decision: allow, reason: Everything is allowed. }]\n";
const denyAll = "defaults: false\nrules: [{ name: deny-all, decision: deny, reason: Nothing is allowed. }]\n";

/** Writes rules elsewhere than in the usual place. */
function writeRules(name: string, text: string): string {
  const file = join(installation.home, name);
  writeFileSync(file, text);
  return file;
}

test("a change that is made is seen, so that it means something when none is", async () => {
  const restart = await tracer.trace(() => installation.cos(["restart", "--grace", "0", web], { env: tracer.env }));
  expect(restart.answer.code).toBe(0);
  expect(restart.changes).toEqual([expect.stringMatching(`^POST /v1\\.\\d+/containers/${webId}/restart$`)]);
});

describe.each(everyWay)("what is denied %s", (_, open) => {
  const settings: readonly (readonly [string, string, typeof changesSomething, () => Setting])[] = [
    [
      "a policy that denies everything",
      "deny-all",
      () => true,
      () => {
        const policyFile = writeRules("deny.yaml", denyAll);
        return { args: ["--policy", policyFile], config: { policyFile } };
      },
    ],
    [
      "a policy of the environment, without any rule",
      "default",
      () => true,
      () => ({ env: { COS_POLICY: writeRules("empty.yaml", "defaults: false\nrules: []\n") } }),
    ],
    ["--read-only", "read-only", changesSomething, () => ({ args: ["--read-only"], config: { readOnly: true } })],
    ["COS_READ_ONLY", "read-only", changesSomething, () => ({ env: { COS_READ_ONLY: "1" } })],
  ];

  describe.each(settings)("by %s", (_, rule, isDenied, toSetting) => {
    let somebody: Somebody;
    beforeAll(async () => {
      const { env = {}, ...setting } = toSetting();
      somebody = await open(installation, { ...setting, env: { ...tracer.env, ...env } });
    });
    afterAll(() => somebody[Symbol.asyncDispose]());

    test.each(everyOperation(isDenied))(
      "is not done, changes nothing, and is one record: %s",
      async (name, operation) => {
        const standing = await standingOf(webId);
        const { answer, changes, events } = await tracer.trace(() => somebody.callWell(operation, subject));
        expect(answer.refused).toBe(true);
        expect(changes).toEqual([]);
        expect(events).toMatchObject([{ stage: "denied", operation: name, effect: operation.effect, rule }]);
        expect(await standingOf(webId)).toEqual(standing);
      },
    );
  });
});

describe.each(agentWays)("what does not parse %s", (_, open) => {
  let anybody: Anybody;

  /** Each call must be refused and leave one record; the engine hears of none. */
  async function expectDenied(rule: string, calls: readonly (readonly [string, Record<string, unknown>])[]) {
    const { requests } = await tracer.trace(async () => {
      anybody = await open(installation, { env: tracer.env });
      for (const [operation, input] of calls) {
        const { answer, events } = await tracer.trace(() => anybody.call(operation, input));
        const what = `${operation} ${JSON.stringify(input)}`.slice(0, 200);
        expect(answer, what).toMatchObject({ refused: true });
        expect(events, what).toMatchObject([{ stage: "denied", rule }]);
      }
    });
    expect(requests).toEqual([]);
  }
  afterEach(() => anybody[Symbol.asyncDispose]());

  const noOperations = [
    ["container_destroy", "container_rm_all", "grant_add", "", " ", "*", "constructor", "__proto__", "toString"],
    ["CONTAINER_RM", "container_rm ", "container_rm\n", "container_rm\0", "../container_rm", "container%5frm"],
    ["\u001b[2Jcontainer_rm", "x".repeat(100_000)],
  ].flat();
  test("an operation that there is not", async () => {
    await expectDenied(
      "unknown-operation",
      noOperations.map((name) => [name, { container: web }]),
    );
  });

  const noFields = [
    ["HostConfig", "Privileged", "privileged", "confirmedBy", "caller", "owner", "engine", "constructor", ""],
    ["x".repeat(10_000), "Container", "FORCE"],
  ].flat();
  test.each(everyOperation())("a field that it does not have: %s", async (name, operation) => {
    const input = sampleOf(operation).input(subject);
    await expectDenied(
      "invalid-call",
      noFields.map((field) => [name, { ...input, [field]: true }]),
    );
  });

  test.each(everyOperation(({ input }) => Object.keys(input.shape).length > 0))(
    "a field of the wrong type: %s",
    async (name, operation) => {
      const input = sampleOf(operation).input(subject);
      const fields = Object.keys(operation.input.shape);
      await expectDenied(
        "invalid-call",
        fields.flatMap((field) => [null, [[{}]]].map((wrong) => [name, { ...input, [field]: wrong }] as const)),
      );
    },
  );

  const noNames = [
    ["", ".", "..", "../x", "x/../y", "x/json", "%2e%2e", "%2e%2e%2fx", "a%00", "a b", " a", "a\n", "a\nb"],
    ["a\r\nHost: x", "a\0", "a?force=1", "a#b", "-f", "--help", "*", "\u001b[2J", "\u202ea", "\u0430bc"],
    ["a".repeat(10_000)],
  ].flat();
  test.each(everyOperation(takesContainer))("a name that could become something else: %s", async (name, operation) => {
    await expectDenied(
      "invalid-call",
      noNames.map((container) => [name, sampleOf(operation).input({ container, mark })]),
    );
  });
});

describe("what does not parse on the command line", () => {
  test.each(["", "../x", "x/json", "%2e%2e", "a\nb", "a?force=1", "a".repeat(10_000)])(
    "is refused and is one record, and the engine hears of none: a container named %j",
    async (container) => {
      for (const [name, operation] of everyOperation(takesContainer)) {
        const words = sampleOf(operation).words({ container, mark });
        const { answer, requests, events } = await tracer.trace(() => installation.cos(words, { env: tracer.env }));
        // A command that runs in the container has the codes up to 124 for itself.
        expect(answer, name).toMatchObject({ code: name === "container_exec" ? 125 : 1, stdout: "" });
        expect(requests).toEqual([]);
        expect(events).toMatchObject([{ stage: "denied", operation: name, rule: "invalid-call" }]);
      }
    },
  );

  test("is no call at all when there is no such command or flag", async () => {
    const unknownFlags = everyOperation().map(([, operation]) =>
      withFlags(sampleOf(operation).words(subject), ["--privileged"]),
    );
    for (const words of [["destroy", web], ...unknownFlags]) {
      const { answer, requests, events } = await tracer.trace(() => installation.cos(words, { env: tracer.env }));
      expect([2, 125], words.join(" ")).toContain(answer.code);
      expect([requests, events]).toEqual([[], []]);
    }
  });
});

describe.each(agentWays)("a container that cos did not make, by cos's own rules, %s", (_, open) => {
  test.each(everyOperation((operation) => takesContainer(operation) && changesSomething(operation)))(
    "is not touched by one call: %s",
    async (name, operation) => {
      installation.writePolicy("rules: []\n");
      await using agent = await open(installation, { env: tracer.env });
      const standing = await standingOf(webId);
      const { answer, changes, events } = await tracer.trace(() => agent.callWell(operation, subject));
      expect(answer.refused).toBe(true);
      expect(changes).toEqual([]);
      const stage = expect.stringMatching(/^(?:previewed|denied)$/);
      expect(events).toMatchObject([{ stage, operation: name, target: { id: webId } }]);
      expect(await standingOf(webId)).toEqual(standing);
    },
  );
});

test("after all that, the log is whole", async () => {
  expect(await installation.cos(["audit", "verify"])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^intact: /),
  });
});
