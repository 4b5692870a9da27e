import { stat } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { assertCaller } from "@cos/control-plane";
import { CosError } from "@cos/core";
import type { Machine } from "./machine.ts";

/** For whom a client is told of cos: for this user everywhere, or for everybody in one project. */
export type Scope = "user" | "project";

/** How a client reaches cos: by starting it, or where it listens. */
export type ServerToAdd =
  | { readonly transport: "stdio"; readonly command: string; readonly args: readonly string[] }
  | { readonly transport: "http"; readonly url: string; readonly tokenEnv: string | undefined };

/** What the command line says of a server. */
export interface ServerRequest {
  readonly as: string;
  readonly asGiven: boolean;
  readonly roots: readonly string[];
  readonly readOnly: boolean;
  readonly toolsets: string | undefined;
  readonly tools: string | undefined;
  readonly http: string | undefined;
  readonly tokenEnv: string | undefined;
  /** What starts the server, instead of npx. */
  readonly command: readonly string[];
}

/** What starts the server unless somebody says otherwise. */
const published = ["npx", "-y", "@cos/mcp-server"] as const;

/**
 * The server that a client is told of.
 *
 * @param projectFolder how the client writes the project's directory, for configuration that others share.
 * @throws CosError `invalid_argument`
 */
export async function toServer(
  request: ServerRequest,
  { scope, projectFolder, machine }: { scope: Scope; projectFolder: string; machine: Machine },
): Promise<ServerToAdd> {
  if (request.http !== undefined) return toHttp(request, request.http);
  if (request.tokenEnv !== undefined)
    throw invalid("--token-env goes with --http: nobody asks for a token over stdio.");
  assertCaller({ kind: "stdio", name: request.as, hostRoots: [] });
  await assertServable(request, machine);
  const [command, ...own] = request.command.length > 0 ? request.command : forPlatform(machine);
  const roots = request.roots.flatMap((root) => ["--root", toRoot(root, scope, projectFolder, machine)]);
  const args = [
    ...own,
    "--as",
    request.as,
    ...roots,
    ...(request.readOnly ? ["--read-only"] : []),
    ...(request.toolsets === undefined ? [] : ["--toolsets", request.toolsets]),
    ...(request.tools === undefined ? [] : ["--tools", request.tools]),
  ];
  return { transport: "stdio", command: command ?? "", args };
}

/** Refuses what the server would refuse at its start, where only the client would hear of it, or not miss. */
async function assertServable(
  { roots, toolsets, tools, readOnly }: ServerRequest,
  { project }: Machine,
): Promise<void> {
  for (const root of roots) {
    const found = await stat(resolve(project, root)).catch(() => undefined);
    if (root === "" || found?.isDirectory() !== true) throw invalid(`--root: ${JSON.stringify(root)} is no directory.`);
  }
  if ((toolsets ?? tools) === undefined) return;
  const { chooseTools } = await import("@cos/mcp-server/toolsets");
  const toNames = (list: string | undefined) => list?.split(",").map((name) => name.trim());
  chooseTools({ toolsets: toNames(toolsets), tools: toNames(tools), readOnly });
}

/** On Windows, npx is a script, which only a shell starts. */
function forPlatform({ platform }: Machine): readonly string[] {
  return platform === "win32" ? ["cmd", "/c", ...published] : published;
}

/** An absolute path, unless the project's own file names a directory of the project. */
function toRoot(root: string, scope: Scope, projectFolder: string, { project }: Machine): string {
  const path = resolve(project, root);
  const inProject = relative(project, path);
  if (scope === "user" || isAbsolute(inProject) || inProject.split(sep)[0] === "..") return path;
  return inProject === "" ? projectFolder : `${projectFolder}/${inProject.split(sep).join("/")}`;
}

function toHttp(request: ServerRequest, given: string): ServerToAdd {
  const { asGiven, roots, readOnly, toolsets, tools, tokenEnv, command } = request;
  if (asGiven || roots.length > 0 || readOnly || (toolsets ?? tools) !== undefined || command.length > 0) {
    throw invalid(
      "--as, --root, --read-only, --toolsets, --tools and a command are for a server that the client starts; one that listens was told them by cos serve, and knows its clients by their tokens.",
    );
  }
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw invalid(`--http: ${given} is no http or https address.`);
  if (url.username !== "" || url.password !== "") throw invalid("--http: leave passwords out of the address.");
  if (url.protocol === "http:" && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)) {
    throw invalid("--http: without TLS only this machine may be named: everybody on the way could read the token.");
  }
  // Half of all tokens could be names of variables, but for their length.
  if (tokenEnv !== undefined && !/^[A-Za-z_]\w{0,39}$/.test(tokenEnv)) {
    throw invalid("--token-env: expected the name of a variable. The token itself is never written down.");
  }
  return { transport: "http", url: given, tokenEnv };
}

function invalid(message: string): CosError {
  return new CosError("invalid_argument", message, { hint: "See cos mcp add --help" });
}
