import { CosError, type EngineCapabilities, parseByteSize, type WorkloadSpec } from "@cos/core";
import type { EngineFacts } from "../facts.ts";
import type { ResolvedImage } from "../images/image.ts";
import { type Hardening, hardening, unprivilegedUser } from "./profiles.ts";

/** CPUs of a workload that asks for none in particular. */
const defaultCpus = 2;
const defaultMemory = "2g";

/** A bind mount whose source was checked against the host's file system. */
export interface ResolvedBind {
  readonly target: string;
  readonly source: string;
}

/** Everything the compiler needs, and nothing it could ask anybody for. */
export interface CompileInput {
  readonly spec: WorkloadSpec;
  /** The spec's variables with the values of secrets, which the spec only refers to. */
  readonly variables: Readonly<Record<string, string>>;
  readonly image: ResolvedImage;
  readonly facts: EngineFacts;
  /** Every `cos.*` label of the container, signed. */
  readonly labels: Readonly<Record<string, string>>;
  readonly binds: readonly ResolvedBind[];
  /** The engine's name of the network. */
  readonly network: string;
  /** Labels for volumes that the image declares and nothing is mounted on. */
  readonly volumeLabels: Readonly<Record<string, string>>;
  /** Whether cos reads the output while it appears, so that the engine need not keep it. */
  readonly attached: boolean;
  /** How somebody talks with it, if anybody does. */
  readonly interaction?: "stream" | "terminal" | undefined;
}

/** A {@link CompileInput} with every choice made: what each row of the table reads. */
export interface Plan extends CompileInput {
  readonly hardening: Hardening;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly user: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly tmpfs: Readonly<Record<string, number>>;
  /** Paths that the image declares as volumes and nothing is mounted on. */
  readonly declaredVolumes: readonly string[];
}

/**
 * Makes the choices that depend on the image and the engine.
 *
 * @throws CosError `failed_precondition` for a limit that the engine cannot honour, an image without a command, or a
 * user that the profile excludes.
 */
export function toPlan(input: CompileInput): Plan {
  const { spec, image, facts } = input;
  const profile = hardening[spec.profile];
  const user = chooseUser(spec, image, profile);
  const [entrypoint, command] = chooseCommand(spec, image);
  assertLimits(spec, facts.capabilities);
  return {
    ...input,
    hardening: profile,
    entrypoint,
    command,
    user,
    cpus: spec.limits.cpus ?? Math.min(defaultCpus, facts.capabilities.cpus),
    memoryBytes: parseByteSize(spec.limits.memory ?? fitting(defaultMemory, facts.capabilities.memoryBytes)),
    tmpfs: chooseTmpfs(spec, profile),
    declaredVolumes: image.config.volumes.filter((path) => spec.mounts.every(({ target }) => target !== path)),
  };
}

function chooseUser(spec: WorkloadSpec, image: ResolvedImage, profile: Hardening): string {
  const user = spec.user ?? image.config.user;
  if (!profile.nonRoot) return user;
  if (user === "") return unprivilegedUser;
  if (/^(?:root|0+)(?::|$)/.test(user)) {
    if (spec.user === undefined) return unprivilegedUser;
    throw new CosError("failed_precondition", "The profile strict does not run as root.", {
      hint: 'Name another user, e.g. "1000:1000", or use profile sandbox.',
    });
  }
  return user;
}

function chooseCommand(
  spec: WorkloadSpec,
  image: ResolvedImage,
): [entrypoint: readonly string[], command: readonly string[]] {
  if (typeof spec.command === "string") return [["/bin/sh", "-c"], [spec.command]];
  const entrypoint = spec.entrypoint ?? image.config.entrypoint;
  const command = spec.command ?? (spec.entrypoint === undefined ? image.config.command : []);
  if (entrypoint.length + command.length === 0) {
    throw new CosError("failed_precondition", "The image names no command, and none was given.", {
      hint: "Give a command.",
    });
  }
  return [entrypoint, command];
}

function assertLimits(spec: WorkloadSpec, { cpus, memoryBytes, limits }: EngineCapabilities): void {
  if (spec.limits.cpus !== undefined && spec.limits.cpus > cpus) {
    throw new CosError(
      "failed_precondition",
      `The engine has ${cpus} CPUs, fewer than the ${spec.limits.cpus} asked for.`,
      {
        hint: `Ask for at most ${cpus}.`,
      },
    );
  }
  const unenforced = Object.entries(limits).filter(([, enforced]) => !enforced);
  if (unenforced.length > 0) {
    throw new CosError(
      "failed_precondition",
      `The engine does not enforce limits on ${unenforced.map(([name]) => name).join(", ")}.`,
      {
        hint: "A rootless engine needs cgroup version 2 with delegated controllers; see cos doctor.",
      },
    );
  }
  if (spec.limits.memory !== undefined && parseByteSize(spec.limits.memory) > memoryBytes) {
    throw new CosError("failed_precondition", `The engine has less memory than the ${spec.limits.memory} asked for.`, {
      hint: `Ask for at most ${Math.floor(memoryBytes / 1024 ** 2)}m.`,
    });
  }
}

function fitting(size: string, availableBytes: number): string {
  return parseByteSize(size) <= availableBytes ? size : `${availableBytes}b`;
}

function chooseTmpfs(spec: WorkloadSpec, profile: Hardening): Record<string, number> {
  const mounts = spec.mounts.filter((mount) => mount.type === "tmpfs");
  const asked = Object.fromEntries(
    mounts.map((mount) => [mount.target, parseByteSize(mount.size ?? spec.limits.tmpfs)]),
  );
  const covered = spec.mounts.some(({ target }) => target === "/tmp" || target.startsWith("/tmp/"));
  return profile.readOnlyRoot && !covered ? { "/tmp": parseByteSize(spec.limits.tmpfs), ...asked } : asked;
}
