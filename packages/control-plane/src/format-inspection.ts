import { formatBytes } from "./format-bytes.ts";
import type { ContainerInspection } from "./inspection.ts";

/** A container in words: sections of lines, each a name and what there is to say. What is not there has no line. */
export function formatInspection(container: ContainerInspection): string {
  const { state, exitCode, health, limits, hardening, spec } = container;
  const exit = exitCode === undefined ? "" : ` (${exitCode})`;
  const sections: readonly (readonly [string, readonly Line[]])[] = [
    [
      `${container.name}  ${container.id.slice(0, 12)}`,
      [
        ["image", `${container.image} (${container.imageId.replace(/^sha256:/, "").slice(0, 12)})`],
        ["state", `${state}${exit}${health === undefined ? "" : `, ${health}`}`],
        ["created", container.createdAt],
        ["started", container.startedAt],
        ["ended", container.finishedAt],
        ["expires", container.expiresAt],
        ["restarts", container.restarts === 0 ? undefined : `${container.restarts}`],
        ["out of memory", container.oomKilled ? "yes" : undefined],
        ["owner", container.owner ?? container.ownership],
        ["lifecycle", container.lifecycle],
        ["project", container.project],
        ["purpose", container.purpose],
        ...Object.entries(container.labels).map(([name, value]): Line => ["label", `${name}=${value}`]),
      ],
    ],
    [
      "Process",
      [
        ["entrypoint", toWords(container.entrypoint)],
        ["command", toWords(container.command)],
        ["directory", container.workingDir],
        ["user", container.user],
        ["variables", container.variables.join(" ")],
      ],
    ],
    [
      "Limits",
      [
        ["memory", limits.memoryBytes === undefined ? "unlimited" : formatBytes(limits.memoryBytes)],
        ["CPUs", `${limits.cpus ?? "unlimited"}`],
        ["processes", `${limits.pids ?? "unlimited"}`],
      ],
    ],
    [
      "Files",
      container.mounts.map(({ type, source, target, readOnly }): Line => [
        type,
        `${source === "" ? "" : `${source} at `}${target}${readOnly ? ", read-only" : ""}`,
      ]),
    ],
    [
      "Networks",
      [
        ...container.addresses.map(({ network, ipv4, ipv6 }): Line => [
          network,
          [ipv4, ipv6].filter((address) => address !== undefined).join(" ") || "no address",
        ]),
        ...container.ports.map((port): Line => ["port", port]),
      ],
    ],
    [
      "Hardening",
      [
        ["profile", typeof spec?.["profile"] === "string" ? spec["profile"] : undefined],
        ["privileged", hardening.privileged ? "yes" : "no"],
        ["root", hardening.readOnlyRoot ? "read-only" : "writable"],
        ["may gain privileges", hardening.noNewPrivileges ? "no" : "yes"],
        [
          "capabilities",
          `${toSigned("-", hardening.droppedCapabilities)} ${toSigned("+", hardening.addedCapabilities)}`,
        ],
        ["shares with others", hardening.sharedNamespaces.join(" ")],
        ["devices", hardening.devices.join(" ")],
        ["log", container.logDriver],
      ],
    ],
    ["Asked for", [["spec", spec === undefined ? undefined : JSON.stringify(spec)]]],
  ];
  return sections
    .map(([title, lines]) => [title, lines.filter(isSaid)] as const)
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) =>
      [title, ...lines.map(([name, text]) => `  ${inOneLine(name).padEnd(19)}  ${inOneLine(text.trim())}`)].join("\n"),
    )
    .join("\n");
}

type Line = readonly [name: string, text: string | undefined];

function isSaid(line: Line): line is readonly [string, string] {
  return line[1] !== undefined && line[1].trim() !== "";
}

/** What others wrote begins no line of its own. */
function inOneLine(text: string): string {
  return text.replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

function toWords(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(" ");
}

function toSigned(sign: string, names: readonly string[]): string {
  return names.map((name) => `${sign}${name}`).join(" ");
}
