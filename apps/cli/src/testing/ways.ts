import { type ControlPlaneConfig, openControlPlane, type Operation } from "@cos/control-plane";
import { CosError } from "@cos/core";
import { connectStdio } from "@cos/mcp-server/testing";
import type { Installation } from "./cos.ts";
import { sampleOf, type Subject, withFlags } from "./samples.ts";

/** What cos is started with, for each of the ways to call it. */
export interface Setting {
  readonly args?: readonly string[];
  readonly config?: Pick<ControlPlaneConfig, "policyFile" | "readOnly">;
  readonly env?: NodeJS.ProcessEnv;
}

interface Answer {
  /** Whether nothing was done. */
  readonly refused: boolean;
  /** What the caller is told. */
  readonly text: string;
}

/** Somebody who makes calls. */
export interface Somebody extends AsyncDisposable {
  /** Makes a good call. */
  callWell(operation: Operation, subject: Subject): Promise<Answer>;
}

/** Somebody who can say anything at all. */
export interface Anybody extends Somebody {
  call(operation: string, input: Record<string, unknown>): Promise<Answer>;
}

/** One of the ways to call cos. Agents are called `agent`. */
type Way<Caller> = (installation: Installation, setting?: Setting) => Promise<Caller>;

const byCommandLine: Way<Somebody> = async (installation, { args = [], env = {} } = {}) => ({
  async callWell(operation, subject) {
    const words = withFlags(sampleOf(operation).words(subject), args);
    const { code, stderr } = await installation.cos(words, { env });
    return { refused: code !== 0, text: stderr };
  },
  [Symbol.asyncDispose]: async () => {},
});

const overStdio: Way<Anybody> = async (installation, { args = [], env = {} } = {}) => {
  const client = await connectStdio({ env: { ...installation.env, ...env }, args });
  const call: Anybody["call"] = async (operation, input) => {
    const { envelope, text } = await client.call(operation, input);
    return { refused: envelope["status"] !== "done", text };
  };
  return {
    call,
    callWell: (operation, subject) => call(operation.name, sampleOf(operation).input(subject)),
    [Symbol.asyncDispose]: () => client.close(),
  };
};

const throughTheLibrary: Way<Anybody> = async (installation, { config = {}, env = {} } = {}) => {
  const controlPlane = openControlPlane({ writer: "test", env: { ...installation.env, ...env }, ...config });
  const caller = { kind: "http", name: "agent", hostRoots: [] } as const;
  const call: Anybody["call"] = async (operation, input) => {
    try {
      const outcome = await controlPlane.perform({ operation, input, caller });
      return { refused: outcome.status !== "done", text: JSON.stringify(outcome) };
    } catch (error) {
      return { refused: true, text: JSON.stringify(CosError.from(error)) };
    }
  };
  return {
    call,
    callWell: (operation, subject) => call(operation.name, sampleOf(operation).input(subject)),
    [Symbol.asyncDispose]: () => controlPlane.close(),
  };
};

/** The ways of agents: whatever they say arrives as it is. */
export const agentWays: readonly (readonly [string, Way<Anybody>])[] = [
  ["over stdio", overStdio],
  ["through the library", throughTheLibrary],
];

export const everyWay: readonly (readonly [string, Way<Somebody>])[] = [
  ["on the command line", byCommandLine],
  ...agentWays,
];
