import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findGrant, type Grant, grantsFile, useGrant } from "./grants.ts";
import type { Question } from "./question.ts";

const now = new Date("2026-03-01T12:00:00Z");
const grant: Grant = {
  id: "g1",
  operation: "container_rm",
  targetName: "scratch-*",
  callerName: "agent",
  uses: 2,
  used: 0,
  createdAt: "2026-03-01T00:00:00Z",
  expiresAt: "2026-03-02T00:00:00Z",
  createdBy: "user",
};
const question: Question = {
  operation: "container_rm",
  effect: "destroy",
  engine: "local",
  callerKind: "stdio",
  callerName: "agent",
  targetKind: "container",
  targetOwnership: "unmanaged",
  targetName: "scratch-1",
};
const { targetName: _, ...withoutTargetName } = grant;
const found = (changes: Partial<Grant> = {}, facts: Partial<Question> = {}, when = now) =>
  findGrant([{ ...grant, ...changes }], { ...question, ...facts }, when)?.id === "g1";

describe("a grant", () => {
  test("covers its operation on targets of its pattern by its caller, until it expires or is used up", () => {
    expect(findGrant([grant], question, now)).toBe(grant);
  });

  test.each<[string, Partial<Grant>, Partial<Question>]>([
    ["another operation", {}, { operation: "container_rmi" }],
    ["an operation that a glob would match", { operation: "container_*" }, {}],
    ["another caller", {}, { callerName: "agent2" }],
    ["a caller that a glob would match", { callerName: "a*" }, {}],
    ["another engine than the one it names", { engine: "prod" }, {}],
    ["a target of another name", {}, { targetName: "production" }],
    ["a target that ends as its pattern begins", {}, { targetName: "x-scratch-1" }],
    ["a call without a target", {}, { targetKind: "none", targetOwnership: "none", targetName: undefined }],
    ["a target without a name", { targetName: "*" }, { targetName: undefined }],
    ["a use too many", { used: 2 }, {}],
    ["a use after it was used more often than it may be", { used: 3 }, {}],
    ["any time when its end is not one", { expiresAt: "tomorrow" }, {}],
  ])("does not cover %s", (_, changes, facts) => {
    expect(found(changes, facts)).toBe(false);
  });

  test("covers every engine unless it names one", () => {
    expect(found({}, { engine: "prod" })).toBe(true);
    expect(found({ engine: "local" })).toBe(true);
  });

  test("ends at the moment it expires", () => {
    expect(found({}, {}, new Date("2026-03-01T23:59:59.999Z"))).toBe(true);
    expect(found({}, {}, new Date("2026-03-02T00:00:00Z"))).toBe(false);
  });

  test("without a target's name covers only calls without a target", () => {
    const gc: Question = { ...question, operation: "gc", targetKind: "none", targetOwnership: "none" };
    const grants = [{ ...withoutTargetName, operation: "gc" }];
    expect(findGrant(grants, { ...gc, targetName: undefined }, now)).toBe(grants[0]);
    expect(findGrant(grants, gc, now)).toBeUndefined();
    expect(findGrant(grants, { ...gc, targetKind: "image", targetName: undefined }, now)).toBeUndefined();
  });

  test("is the first that covers the call", () => {
    const list = [
      { ...grant, id: "a", used: 2 },
      { ...grant, id: "b" },
      { ...grant, id: "c" },
    ];
    expect(findGrant(list, question, now)?.id).toBe("b");
    expect(findGrant([], question, now)).toBeUndefined();
  });
});

describe("using a grant", () => {
  const grants = Object.freeze([grant, { ...grant, id: "g2", used: 1 }, { ...grant, id: "g3", used: 2 }]);

  test("counts the use in a new list and leaves the others alone", () => {
    expect(useGrant(grants, "g2")).toEqual([grant, { ...grant, id: "g2", used: 2 }, grants[2]]);
    expect(grants[1]?.used).toBe(1);
  });

  test("fails when there is none, or it is used up", () => {
    const gone = { code: "not_found", message: "There is no such grant.", hint: expect.stringMatching(/^It may have/) };
    const usedUp = { code: "conflict", message: "The grant is used up.", hint: expect.stringMatching(/^Ask for/) };
    expect(() => useGrant(grants, "g4")).toThrow(expect.objectContaining(gone));
    expect(() => useGrant(grants, "g3")).toThrow(expect.objectContaining(usedUp));
  });

  test("is possible as often as it says, and not once more", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), (uses) => {
        let grants: readonly Grant[] = [{ ...grant, uses }];
        for (let used = 0; used < uses; used += 1) {
          expect(findGrant(grants, question, now)?.used).toBe(used);
          grants = useGrant(grants, "g1");
        }
        expect(findGrant(grants, question, now)).toBeUndefined();
        expect(() => useGrant(grants, "g1")).toThrow("The grant is used up.");
      }),
    );
  });
});

describe("the file of grants", () => {
  const accepts = (changes: object) => grantsFile.safeParse({ grants: [{ ...grant, ...changes }] }).success;

  test("lists grants", () => {
    expect(grantsFile.parse({ grants: [grant, withoutTargetName] })).toEqual({ grants: [grant, withoutTargetName] });
    expect(grantsFile.safeParse({}).success).toBe(false);
    expect(grantsFile.safeParse({ grants: [], more: 1 }).success).toBe(false);
  });

  test("holds nothing but what a grant is made of", () => {
    expect(accepts({})).toBe(true);
    expect(accepts({ engine: "prod" })).toBe(true);
    expect(accepts({ verdict: "deny" })).toBe(false);
    for (const field of ["id", "operation", "callerName", "uses", "used", "createdAt", "expiresAt", "createdBy"]) {
      expect(accepts({ [field]: undefined }), field).toBe(false);
    }
  });

  test.each([
    ["id", ["", "a b", "*", "a".repeat(129), 1]],
    ["operation", ["", "container_*", "a/b"]],
    ["targetName", ["", "{a,b}", 1]],
    ["callerName", ["", "a*", "a b"]],
    ["engine", ["", "*"]],
    ["uses", [0, -1, 1.5, Number.NaN, Infinity, "1"]],
    ["used", [-1, 0.5, Number.NaN, "0"]],
    ["createdAt", ["", "today", "2026-03-01", 0]],
    ["expiresAt", ["", "never", "2026-13-01T00:00:00Z", null]],
    ["createdBy", ["", "a b"]],
  ])("refuses a wrong %s", (field, values) => {
    for (const value of values) expect(accepts({ [field]: value }), JSON.stringify(value)).toBe(false);
  });
});
