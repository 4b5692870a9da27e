import type { Option, options } from "../../apps/mcp-server/src/options.ts";

/** What of a package's manifest is told to the registry of MCP servers. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly mcpName: string;
  readonly repository?: { readonly url: string; readonly directory?: string };
}

/** Something that whoever starts the server says, or that is said for them. */
export interface Input {
  readonly type?: string;
  readonly name?: string;
  readonly description: string;
  readonly format?: string;
  readonly value?: string;
  readonly default?: string;
  readonly placeholder?: string;
  readonly choices?: readonly string[];
  readonly isRequired?: boolean;
  readonly isRepeated?: boolean;
  readonly isSecret?: boolean;
  readonly variables?: Readonly<Record<string, Input>>;
}

/** One way to have the server. */
export interface Package {
  readonly registryType: string;
  readonly identifier: string;
  readonly version?: string;
  readonly runtimeHint?: string;
  readonly transport: { readonly type: string; readonly url?: string; readonly headers?: readonly Input[] };
  readonly runtimeArguments?: readonly Input[];
  readonly packageArguments?: readonly Input[];
  readonly environmentVariables?: readonly Input[];
}

/** What the registry of MCP servers is told of a server. */
export interface ServerJson {
  readonly $schema: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly version: string;
  readonly repository?: { readonly url: string; readonly source: string; readonly subfolder?: string };
  readonly packages: readonly Package[];
}

/** The version of the registry's format. */
export const schema = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json";

/** Stands for whoever the repository belongs to, as long as no manifest says that. */
const unknownOwner = "OWNER";

/** The owner of the repository on GitHub, as the manifest names it. */
export function ownerOf({ repository }: Manifest): string {
  return /github\.com[/:]([\w.-]+)\//.exec(repository?.url ?? "")?.[1] ?? unknownOwner;
}

/** What the registry of MCP servers is told of the server: how it is had and started. */
export function toServerJson(manifest: Manifest, known: typeof options): ServerJson {
  const { name: identifier, version, description, mcpName } = manifest;
  const said = (name: keyof typeof options, more: Partial<Input> = {}) => toArgument(name, known[name], more);
  const toolsets = said("toolsets", { default: "default" });
  const root = said("root", { format: "filepath", isRepeated: true, placeholder: "/home/me/src" });
  const npm = { registryType: "npm", identifier, version, runtimeHint: "npx" };
  return {
    $schema: schema,
    name: mcpName,
    title: "cos",
    description,
    ...toRepository(manifest),
    version,
    packages: [
      {
        ...npm,
        transport: { type: "stdio" },
        packageArguments: [said("as", { default: "agent" }), toolsets, root],
        environmentVariables: [readOnly, policy, engine],
      },
      {
        ...npm,
        transport: { type: "streamable-http", url: "http://127.0.0.1:{--port}/mcp", headers: [authorization] },
        packageArguments: [said("port", { format: "number", default: "8770", isRequired: true }), toolsets, root],
        environmentVariables: [readOnly, policy, engine],
      },
      {
        registryType: "oci",
        identifier: `ghcr.io/${ownerOf(manifest)}/cos-mcp:${version}`,
        runtimeHint: "docker",
        transport: { type: "stdio" },
        runtimeArguments: [socket, group, state],
        packageArguments: [said("as", { default: "agent" }), toolsets],
        environmentVariables: [readOnly],
      },
    ],
  };
}

function toRepository({ repository }: Manifest): Pick<ServerJson, "repository"> {
  if (repository === undefined) return {};
  const url = repository.url.replace(/^git\+/, "").replace(/\.git$/, "");
  const place = repository.directory === undefined ? {} : { subfolder: repository.directory };
  return { repository: { url, source: "github", ...place } };
}

/** An option of the command line in the registry's words. */
function toArgument(name: string, { help }: Option, more: Partial<Input>): Input {
  return { type: "named", name: `--${name}`, description: `${help.charAt(0).toUpperCase()}${help.slice(1)}.`, ...more };
}

const readOnly: Input = {
  name: "COS_READ_ONLY",
  description: "1 to offer no tool that changes something, and refuse such calls.",
  default: "0",
  choices: ["0", "1"],
};

const policy: Input = {
  name: "COS_POLICY",
  description: "A file of rules to use instead of those in the user's config directory.",
  format: "filepath",
};

const engine: Input = {
  name: "DOCKER_HOST",
  description: "The container engine, unless it is the one that answers here.",
  placeholder: "unix:///var/run/docker.sock",
};

const authorization: Input = {
  name: "Authorization",
  description: "The token that the server prints at its first start, or one that cos token create prints.",
  isRequired: true,
  value: "Bearer {token}",
  variables: { token: { description: "The token.", isRequired: true, isSecret: true } },
};

const socket: Input = {
  type: "named",
  name: "-v",
  description: "The socket of the container engine.",
  value: "{socket}:/var/run/docker.sock",
  isRequired: true,
  variables: {
    socket: { description: "Where it is.", format: "filepath", default: "/var/run/docker.sock", isRequired: true },
  },
};

const group: Input = {
  type: "named",
  name: "--group-add",
  description: "The group that may use the socket, as a number: stat -c %g /var/run/docker.sock.",
  value: "{group}",
  isRequired: true,
  variables: { group: { description: "Its number.", format: "number", default: "0", isRequired: true } },
};

const state: Input = {
  type: "named",
  name: "-v",
  description: "The volume with the key, the rules and the audit log.",
  value: "{volume}:/home/cos",
  isRequired: true,
  variables: { volume: { description: "Its name.", default: "cos", isRequired: true } },
};
