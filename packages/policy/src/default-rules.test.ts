import { describe, expect, test } from "vitest";
import { defaultRules } from "./default-rules.ts";
import { definePolicy } from "./define-policy.ts";
import { type CallerKind, callerKinds, type Effect, effects, type Question, targetKinds } from "./question.ts";
import { findUnreachable } from "./reachability.ts";
import { ruleList } from "./rule.ts";

const policy = definePolicy(defaultRules);

/** What cos can be asked to do. */
const names: Readonly<Record<Effect, string>> = {
  read:
    "container_files_get container_inspect container_list container_logs container_stats container_wait engine_info " +
    "image_list network_list ping volume_list",
  mutate:
    "container_create container_ensure container_exec container_files_put container_recreate container_restart container_run " +
    "container_start container_stop image_build image_pull image_push network_create volume_create",
  destroy: "container_reap container_rm gc image_remove network_remove volume_remove",
};
const namesOf = (effect: Effect) => names[effect].split(" ");
const operations = effects.flatMap((effect) => namesOf(effect).map((name) => ({ name, effect })));
const allNames = operations.map(({ name }) => name);

/** The decision as `verdict by rule`. */
function decide(callerKind: CallerKind, operation: string, facts: Partial<Question>, by = policy): string {
  const { targetOwnership = "none" } = facts;
  const { verdict, rule } = by.decide({
    operation,
    effect: effects.find((effect) => namesOf(effect).includes(operation)) ?? "read",
    engine: "local",
    callerKind,
    callerName: "somebody",
    targetKind:
      targetOwnership === "none" ? "none" : (targetKinds.find((kind) => operation.startsWith(kind)) ?? "none"),
    targetOwnership,
    ...facts,
  });
  return `${verdict} by ${rule}`;
}

const sandboxed = {
  network: "none",
  egress: false,
  hostPaths: [],
  ports: [],
  volumes: [],
  profile: "sandbox",
  image: "docker.io/library/busybox:latest",
  registry: "docker.io",
  builds: false,
  secrets: false,
};
const own = { targetOwnership: "own" } as const;
const other = { targetOwnership: "other" } as const;
const unmanaged = { targetOwnership: "unmanaged" } as const;

type Row = readonly [what: string, operations: string, facts: Partial<Question>, expected: string];

const looks = "container_logs container_inspect container_stats container_wait container_files_get";
const makes = "container_run container_create container_ensure";
const removes = "container_rm image_remove network_remove";
const runs = "container_start container_stop container_restart container_exec";

const ofAgents: readonly Row[] = [
  ["lists", "container_list image_list network_list volume_list engine_info ping", {}, "allow by agent-reads"],
  ["looks at an own container", looks, own, "allow by agent-reads"],
  ["looks at an unmanaged container", looks, unmanaged, "allow by agent-reads"],
  ["looks at another owner's container", looks, other, "deny by default"],
  ["lists across owners", "container_list", { otherOwners: true }, "deny by agent-across-owners"],

  ["a sandboxed workload", makes, sandboxed, "allow by agent-sandboxed-workloads"],
  ["on an own, internal network", makes, { ...sandboxed, network: "mine" }, "allow by agent-sandboxed-workloads"],
  ["with an image that is here", makes, { ...sandboxed, registry: "local" }, "allow by agent-sandboxed-workloads"],
  ["with volumes", makes, { ...sandboxed, volumes: ["cache"] }, "allow by agent-sandboxed-workloads"],
  ["with a network that leads out", makes, { ...sandboxed, egress: true }, "confirm by agent-other-workloads"],
  ["with a host path", makes, { ...sandboxed, hostPaths: ["/srv"] }, "confirm by agent-other-workloads"],
  ["with a port", makes, { ...sandboxed, ports: ["8080:80"] }, "confirm by agent-other-workloads"],
  ["with a secret", makes, { ...sandboxed, secrets: true }, "confirm by agent-other-workloads"],
  ["with an image that is built", makes, { ...sandboxed, builds: true }, "confirm by agent-other-workloads"],
  [
    "with an image from elsewhere",
    makes,
    { ...sandboxed, registry: "example.com" },
    "confirm by agent-other-workloads",
  ],
  ["that does not say what it asks for", makes, {}, "confirm by agent-other-workloads"],
  ["that reaches others' objects", makes, { ...sandboxed, otherOwners: true }, "deny by agent-across-owners"],

  ["an own service again", "container_ensure", { ...own, ...sandboxed }, "allow by agent-sandboxed-workloads"],
  ["another's service", "container_ensure", { ...other, ...sandboxed }, "deny by default"],
  ["anew, sandboxed", "container_recreate", { ...own, ...sandboxed }, "allow by agent-sandboxed-workloads"],
  ["anew, with a port", "container_recreate", { ...own, ports: ["1:1"] }, "confirm by agent-other-workloads"],
  ["an unmanaged one anew", "container_recreate", unmanaged, "deny by default"],

  ["an own container", `${runs} container_files_put container_rm`, own, "allow by agent-own-containers"],
  ["files of the host into it", "container_files_put", { ...own, hostPaths: ["/srv"] }, "confirm by agent-host-files"],
  ["a secret into it", "container_exec", { ...own, hostPaths: [], secrets: true }, "confirm by agent-secrets"],
  ["an unmanaged container", runs, unmanaged, "confirm by agent-runs-unmanaged-containers"],
  ["files into an unmanaged container", "container_files_put", unmanaged, "deny by default"],
  ["another owner's container", `${runs} container_files_put`, other, "deny by default"],

  ["removes what is unmanaged", removes, unmanaged, "approve by agent-removes-foreign-objects"],
  ["removes what is another's", removes, other, "approve by agent-removes-foreign-objects"],
  ["removes an own network", "network_remove", own, "allow by agent-own-networks-and-volumes"],
  ["removes an own image", "image_remove", own, "allow by agent-own-images"],
  ["removes an own volume", "volume_remove", own, "approve by agent-removes-volumes"],
  ["removes another's volume", "volume_remove", other, "approve by agent-removes-volumes"],
  ["removes an unmanaged volume", "volume_remove", unmanaged, "approve by agent-removes-volumes"],
  ["removes what has expired", "container_reap", {}, "allow by agent-reaps"],
  ["removes own leftovers", "gc", { otherOwners: false }, "confirm by agent-gc"],
  ["removes leftovers", "gc", {}, "confirm by agent-gc"],
  ["removes everybody's leftovers", "gc", { otherOwners: true }, "approve by agent-gc-across-owners"],

  ["makes networks and volumes", "network_create volume_create", {}, "allow by agent-own-networks-and-volumes"],
  ["pulls from Docker Hub", "image_pull", { registry: "docker.io" }, "allow by agent-pulls-from-docker-hub"],
  ["pulls from elsewhere", "image_pull", { registry: "example.com" }, "confirm by agent-pulls-from-elsewhere"],
  ["pulls from who knows where", "image_pull", {}, "confirm by agent-pulls-from-elsewhere"],
  ["builds", "image_build", { builds: true }, "confirm by agent-builds"],
  ["builds in place of another's image", "image_build", { ...other, builds: true }, "deny by default"],
  ["pushes an own image", "image_push", { ...own, registry: "docker.io" }, "approve by agent-pushes"],
  ["pushes what nobody owns", "image_push", unmanaged, "deny by default"],
  ["pushes another's image", "image_push", other, "deny by default"],
  ["pushes", "image_push", {}, "deny by default"],
  ["changes by an operation to come", "thing_change", { effect: "mutate" }, "deny by default"],
  ["removes by an operation to come", "thing_remove", { effect: "destroy", ...own }, "deny by default"],
];

const everyRead = namesOf("read").join(" ");
const everyChange = namesOf("mutate").join(" ");

const ofPeople: readonly Row[] = [
  ["looks at nothing in particular", everyRead, {}, "allow by reads-and-changes"],
  ["looks at another owner's", everyRead, other, "allow by reads-and-changes"],
  ["looks across owners", everyRead, { otherOwners: true }, "allow by reads-and-changes"],
  ["changes an own object", everyChange, own, "allow by reads-and-changes"],
  ["changes another owner's", everyChange, other, "allow by reads-and-changes"],
  ["changes an unmanaged object", everyChange, unmanaged, "allow by reads-and-changes"],
  ["leaves the sandbox", makes, { egress: true, hostPaths: ["/srv"], secrets: true }, "allow by reads-and-changes"],

  ["removes what is its own", removes, own, "allow by removes-own-objects"],
  ["removes what is another's", removes, other, "confirm by removes-the-rest"],
  ["removes what is unmanaged", removes, unmanaged, "confirm by removes-the-rest"],
  ["removes an own volume", "volume_remove", own, "confirm by removes-volumes"],
  ["removes another's volume", "volume_remove", other, "confirm by removes-volumes"],
  ["removes an unmanaged volume", "volume_remove", unmanaged, "confirm by removes-volumes"],
  ["removes what has expired", "container_reap", {}, "allow by reaps"],
  ["removes leftovers", "gc", { otherOwners: false }, "confirm by removes-the-rest"],
  ["removes everybody's leftovers", "gc", { otherOwners: true }, "confirm by removes-the-rest"],
  ["removes by an operation to come", "thing_remove", { effect: "destroy" }, "confirm by removes-the-rest"],
];

describe.each(["stdio", "http"] as const)("an agent (%s)", (callerKind) => {
  test.each(ofAgents)("%s: %s %j: %s", (_, operations, facts, expected) => {
    for (const operation of operations.split(" "))
      expect(decide(callerKind, operation, facts), operation).toBe(expected);
  });
});

describe.each(["terminal", "script"] as const)("a person (%s)", (callerKind) => {
  test.each(ofPeople)("%s: %s %j: %s", (_, operations, facts, expected) => {
    for (const operation of operations.split(" "))
      expect(decide(callerKind, operation, facts), operation).toBe(expected);
  });
});

test("the reaper reaps and does nothing else", () => {
  for (const operation of allNames) {
    for (const facts of [{}, own, other, unmanaged]) {
      const expected = operation === "container_reap" ? "allow by reaper" : "deny by default";
      expect(decide("reaper", operation, { ...sandboxed, ...facts }), operation).toBe(expected);
    }
  }
});

test("agents are allowed nothing that is another owner's, and remove nothing unmanaged without a person", () => {
  for (const callerKind of ["stdio", "http"] as const) {
    for (const operation of allNames.filter((name) => name !== "container_reap" && name !== "gc")) {
      expect(decide(callerKind, operation, { ...sandboxed, ...other }), operation).not.toMatch(/^allow/);
      expect(decide(callerKind, operation, { ...sandboxed, ...own, otherOwners: true }), operation).toMatch(/^deny/);
    }
    for (const operation of namesOf("destroy").filter((name) => name !== "container_reap" && name !== "gc")) {
      expect(decide(callerKind, operation, { ...sandboxed, ...unmanaged }), operation).toMatch(/^approve/);
    }
  }
});

test("read-only leaves the reads", () => {
  const readOnly = definePolicy(defaultRules, { readOnly: true });
  for (const callerKind of callerKinds) {
    for (const operation of allNames) {
      const isRead = namesOf("read").includes(operation);
      const expected = isRead ? decide(callerKind, operation, {}) : "deny by read-only";
      expect(decide(callerKind, operation, {}, readOnly), operation).toBe(expected);
    }
  }
});

test("they are rules like any other, and each says why in a sentence", () => {
  expect(ruleList.parse(defaultRules)).toEqual(defaultRules);
  for (const { reason } of defaultRules) expect(reason).toMatch(/^[A-Za-z].*\.$/);
});

test("each of them decides something", () => {
  const again = defaultRules.map((rule) => ({ ...rule, name: `${rule.name}-again` }));
  expect(findUnreachable(policy, { operations })).toEqual([]);
  const unreachable = findUnreachable(definePolicy([...defaultRules, ...again]), { operations });
  expect(unreachable.map(({ rule }) => rule)).toEqual(again.map(({ name }) => name));
});
