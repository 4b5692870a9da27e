import { compilePolicy, type Policy, type PolicyOptions } from "./policy.ts";
import type { CallerKind } from "./question.ts";
import type { Rule } from "./rule.ts";

const agents: CallerKind[] = ["stdio", "http"];
const people: CallerKind[] = ["terminal", "script"];

const runs = ["container_run", "container_create", "container_ensure", "container_recreate"];
const changesOfOneContainer = [
  "container_start",
  "container_stop",
  "container_restart",
  "container_exec",
  "container_files_put",
  "container_rm",
];

/** What cos decides unless the operator's rules have decided before. What no rule names is denied. */
export const defaultRules: readonly Rule[] = [
  // Agents: across owners.
  {
    name: "agent-gc-across-owners",
    operation: "gc",
    callerKind: agents,
    otherOwners: true,
    decision: "approve",
    reason: "This would remove what belongs to others, so a person decides.",
  },
  {
    name: "agent-across-owners",
    callerKind: agents,
    otherOwners: true,
    decision: "deny",
    reason: "An agent has to do with its own objects and with unmanaged ones, not with those of other owners.",
  },

  // Agents: look.
  {
    name: "agent-reads",
    effect: "read",
    callerKind: agents,
    targetOwnership: ["none", "own", "unmanaged"],
    decision: "allow",
    reason: "Reading changes nothing, and shows an agent its own objects and unmanaged ones only.",
  },

  // Agents: run workloads.
  {
    name: "agent-sandboxed-workloads",
    operation: runs,
    callerKind: agents,
    targetOwnership: ["none", "own"],
    egress: false,
    hostPaths: false,
    ports: false,
    // An image that is named by its id is on the engine already.
    registry: ["docker.io", "local"],
    builds: false,
    secrets: false,
    decision: "allow",
    reason:
      "The workload stays in its sandbox: no way out, no host path, no port, no secret, an image of Docker Hub or one that is here.",
  },
  {
    name: "agent-other-workloads",
    operation: runs,
    callerKind: agents,
    targetOwnership: ["none", "own"],
    decision: "confirm",
    reason:
      "The workload leaves its sandbox by a network, a host path, a port, a secret, a build, or an image from elsewhere.",
  },

  // Agents: what is lost for good, or is not theirs.
  {
    name: "agent-removes-volumes",
    effect: "destroy",
    callerKind: agents,
    targetKind: "volume",
    decision: "approve",
    reason: "A volume's data is gone for good, so a person decides.",
  },
  {
    name: "agent-runs-unmanaged-containers",
    operation: ["container_start", "container_stop", "container_restart", "container_exec"],
    callerKind: agents,
    targetKind: "container",
    targetOwnership: "unmanaged",
    decision: "confirm",
    reason: "Somebody made this container without cos and may rely on it.",
  },
  {
    name: "agent-removes-foreign-objects",
    effect: "destroy",
    callerKind: agents,
    targetOwnership: ["other", "unmanaged"],
    decision: "approve",
    reason: "This is not the agent's to remove, so a person decides.",
  },

  // Agents: their own objects.
  {
    name: "agent-host-files",
    operation: changesOfOneContainer,
    callerKind: agents,
    targetOwnership: "own",
    hostPaths: true,
    decision: "confirm",
    reason: "Files of the host would get into the container.",
  },
  {
    name: "agent-secrets",
    operation: changesOfOneContainer,
    callerKind: agents,
    targetOwnership: "own",
    secrets: true,
    decision: "confirm",
    reason: "A secret would get into the container.",
  },
  {
    name: "agent-own-containers",
    operation: changesOfOneContainer,
    callerKind: agents,
    targetKind: "container",
    targetOwnership: "own",
    decision: "allow",
    reason: "The container is the agent's own.",
  },
  {
    name: "agent-reaps",
    operation: "container_reap",
    callerKind: agents,
    decision: "allow",
    reason: "This removes only what is the agent's own and has expired, or jobs of its own that ended.",
  },
  {
    name: "agent-own-networks-and-volumes",
    operation: ["network_create", "network_remove", "volume_create"],
    callerKind: agents,
    targetOwnership: ["none", "own"],
    decision: "allow",
    reason: "The network or volume is the agent's own.",
  },
  {
    name: "agent-gc",
    operation: "gc",
    callerKind: agents,
    decision: "confirm",
    reason: "This removes everything of the agent's own that is no longer used.",
  },

  // Agents: images.
  {
    name: "agent-pulls-from-docker-hub",
    operation: "image_pull",
    callerKind: agents,
    targetOwnership: ["none", "own", "unmanaged"],
    registry: "docker.io",
    decision: "allow",
    reason: "Images of Docker Hub may be pulled by everybody.",
  },
  {
    name: "agent-pulls-from-elsewhere",
    operation: "image_pull",
    callerKind: agents,
    targetOwnership: ["none", "own", "unmanaged"],
    decision: "confirm",
    reason: "The engine would connect to a registry that the agent chose.",
  },
  {
    name: "agent-builds",
    operation: "image_build",
    callerKind: agents,
    targetOwnership: ["none", "own"],
    decision: "confirm",
    reason: "A build runs commands with network.",
  },
  {
    name: "agent-pushes",
    operation: "image_push",
    callerKind: agents,
    targetOwnership: "own",
    decision: "approve",
    reason: "The image would leave with the operator's credentials, for whoever reads there, so a person decides.",
  },
  {
    name: "agent-own-images",
    operation: "image_remove",
    callerKind: agents,
    targetOwnership: "own",
    decision: "allow",
    reason: "The image is the agent's own, and can be built again.",
  },

  // People at a terminal, and scripts of theirs.
  {
    name: "reads-and-changes",
    effect: ["read", "mutate"],
    callerKind: people,
    decision: "allow",
    reason: "A person, or a person's script, may do everything that takes nothing away.",
  },
  {
    name: "removes-volumes",
    effect: "destroy",
    callerKind: people,
    targetKind: "volume",
    decision: "confirm",
    reason: "A volume's data is gone for good.",
  },
  {
    name: "removes-own-objects",
    effect: "destroy",
    callerKind: people,
    targetOwnership: "own",
    decision: "allow",
    reason: "The object is the caller's own.",
  },
  {
    name: "reaps",
    operation: "container_reap",
    callerKind: people,
    decision: "allow",
    reason: "This removes only what has expired, or jobs that ended.",
  },
  {
    name: "removes-the-rest",
    effect: "destroy",
    callerKind: people,
    decision: "confirm",
    reason: "This removes what is not the caller's own, or many things at once.",
  },

  // cos itself.
  {
    name: "reaper",
    operation: "container_reap",
    callerKind: "reaper",
    decision: "allow",
    reason: "cos removes what has expired.",
  },
];

/** The policy of {@link defaultRules} alone. They need no check, so this loads no schema. */
export function defaultPolicy(options: PolicyOptions = {}): Policy {
  return compilePolicy(defaultRules, options);
}
