import type { Engine, EngineInfo } from "@cos/core";

/** One thing that was checked. */
export interface Finding {
  readonly subject: string;
  readonly status: "ok" | "warn" | "fail";
  readonly message: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** What an engine's own account of itself tells. Pure. */
export function checkEngine(info: EngineInfo, limits: Engine["capabilities"]["limits"]): Finding[] {
  const missing = Object.entries(limits).filter(([, enforced]) => !enforced);
  const cgroups = `version ${info.cgroupVersion || "unknown"}, driver ${info.cgroupDriver || "unknown"}`;
  return [
    {
      subject: "engine",
      status: "ok",
      message: `${info.version}, API ${info.apiVersion}, ${info.os}, kernel ${info.kernel}`,
    },
    ...checkVersion(info.version),
    ...info.components.flatMap(({ name, version }) => (name === "runc" ? [checkRunc(version)] : [])),
    missing.length === 0
      ? { subject: "limits", status: "ok", message: `CPU, memory and processes are limited (cgroups ${cgroups})` }
      : {
          subject: "limits",
          status: "fail",
          message: `not enforced: ${missing.map(([name]) => name).join(", ")} (cgroups ${cgroups})`,
          fix: "Use cgroup version 2; a rootless engine also needs delegated controllers.",
        },
    info.securityOptions.includes("seccomp")
      ? { subject: "seccomp", status: "ok", message: "system calls are filtered" }
      : {
          subject: "seccomp",
          status: "warn",
          message: "system calls are not filtered",
          fix: "Use an engine and kernel with seccomp.",
        },
    ...(info.liveRestore
      ? []
      : [
          {
            subject: "live-restore",
            status: "warn" as const,
            message: "off: running containers are killed when the engine restarts",
            fix: 'Set "live-restore": true in the engine\'s daemon.json.',
          },
        ]),
    info.helperImage === undefined
      ? {
          subject: "exec",
          status: "warn",
          message: "commands that overrun in containers cannot be killed: there is no image to do it with",
          fix: "docker pull busybox, or name an image on the engine that has /bin/busybox with COS_HELPER_IMAGE.",
        }
      : {
          subject: "exec",
          status: "ok",
          message: `commands that overrun in containers are killed from ${info.helperImage.replace(/^(sha256:.{12}).*/, "$1")}`,
        },
    ...info.warnings.map((message) => ({ subject: "engine", status: "warn" as const, message })),
  ];
}

/**
 * Versions of runc from which a container can break out: before 1.1.12 CVE-2024-21626; before 1.2.8 and 1.3.3
 * CVE-2025-31133, -52565 and -52881. Distributions patch older versions without changing the number.
 */
function checkRunc(version: string): Finding {
  const [major = 0, minor = 0, patch = 0] = (/(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1) ?? []).map(Number);
  if (major === 0) return { subject: "runc", status: "ok", message: `build ${version}` };
  const fixed = major > 1 || minor > 3 || (minor === 3 && patch >= 3) || (minor === 2 && patch >= 8);
  if (fixed) return { subject: "runc", status: "ok", message: version };
  return {
    subject: "runc",
    status: "warn",
    message: `${version} has known ways out of a container, unless your distribution has patched it`,
    fix: "Update runc to 1.2.8, 1.3.3 or later, or to your distribution's patched build.",
  };
}

interface VersionRange {
  readonly from: readonly number[];
  /** The first version that is fine again. */
  readonly until: readonly number[];
  readonly problem: string;
  readonly fix: string;
}

/** Docker Engine as its makers number it; Podman's lower numbers are its own. */
const knownBad: readonly VersionRange[] = [
  {
    from: [17, 0, 0],
    until: [23, 0, 0],
    problem: "is no longer maintained by its makers",
    fix: "Update Docker Engine, unless your distribution still patches this version.",
  },
  {
    from: [28, 2, 0],
    until: [28, 3, 3],
    problem: "opens ports published on 127.0.0.1 to the network when firewalld reloads (CVE-2025-54388)",
    fix: "Update Docker Engine to 28.3.3 or later.",
  },
];

function checkVersion(version: string): Finding[] {
  const numbers = (/(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1) ?? []).map(Number);
  return knownBad
    .filter(({ from, until }) => compareVersions(numbers, from) >= 0 && compareVersions(numbers, until) < 0)
    .map(({ problem, fix }) => ({ subject: "engine", status: "warn", message: `${version} ${problem}`, fix }));
}

function compareVersions(a: readonly number[], b: readonly number[]): number {
  return b.map((part, index) => (a[index] ?? 0) - part).find((difference) => difference !== 0) ?? 0;
}
