import * as z from "zod";
import { CosError } from "./errors.ts";
import type { Interaction } from "./interaction.ts";
import type { OutputSink } from "./output.ts";
import { parseWith } from "./parse.ts";
import type { SecretSource } from "./secrets.ts";
import { isDecodable, workloadInput } from "./spec/workload-spec.ts";

/** Most bytes of each output stream that a result can keep. */
const maxOutputBytes = 64 * 1024 * 1024;

let requestSchema: ReturnType<typeof makeRequest> | undefined;
let resultSchema: ReturnType<typeof makeResult> | undefined;

/** A command to run in a container that runs, as a schema. It is made when it is first needed. */
export const execRequest = () => (requestSchema ??= makeRequest());

/** How such a command ended, as a schema. */
export const execResult = () => (resultSchema ??= makeResult());

function makeRequest() {
  const { command, stdin, stdinEncoding, workingDir, user, variables } = workloadInput.shape;
  return z.strictObject({
    command: command.unwrap().describe("A string is run by /bin/sh -c; a list is a program and its arguments."),
    stdin,
    stdinEncoding,
    workingDir: workingDir.describe("Working directory; default: the container's."),
    user: user.describe("User, e.g. 1000:1000; default: the container's."),
    variables: variables.describe("Variables beside the container's own."),
    timeoutSeconds: z
      .int()
      .min(1)
      .max(30 * 86_400)
      .optional()
      .describe("Seconds after which the command is killed with all that it started."),
    outputBytes: z
      .int()
      .min(0)
      .max(maxOutputBytes)
      .optional()
      .describe("Bytes of each output stream that the result keeps; 1 MiB unless set."),
  });
}

function makeResult() {
  return z.strictObject({
    exitCode: z
      .int()
      .optional()
      .describe("As the engine reports it: 128 + signal when a signal ended it. Absent while it may still run."),
    stdout: z.string(),
    stderr: z.string(),
    stdoutCutBytes: z.int().min(0).describe("Bytes left out of the middle of stdout."),
    stderrCutBytes: z.int().min(0).describe("Bytes left out of the middle of stderr."),
    timedOut: z.boolean(),
    cancelled: z.boolean(),
    killed: z
      .boolean()
      .optional()
      .describe(
        "Whether it is proved that nothing runs any more of a command that was to be killed. Absent when none was.",
      ),
    survivors: z
      .int()
      .min(0)
      .optional()
      .describe("Processes of it that were seen to be left, where they were counted."),
    hint: z.string().optional().describe("What to do about it."),
    outputLost: z.boolean().describe("The connection broke while it ran, so output is missing."),
    ranMs: z.number().min(0).describe("From its start to its result, in milliseconds of wall time."),
  });
}

/** A command to run in a container that runs. */
export interface ExecRequest extends z.input<ReturnType<typeof makeRequest>> {
  /** Gives the values of the secrets that its variables refer to. */
  readonly secrets?: SecretSource | undefined;
  /** Names of further secrets that its output is to be without, e.g. of those that the container was given. */
  readonly withheld?: readonly string[] | undefined;
}
/** The same, checked and with its defaults. Made by {@link defineExec}. */
export type ExecSpec = z.output<ReturnType<typeof makeRequest>>;
/** How a command in a container ended. */
export type ExecResult = z.output<ReturnType<typeof makeResult>>;

export interface ExecOptions {
  /** Talks with the command while it runs, instead of the `stdin` of the request. */
  readonly interaction?: Interaction | undefined;
  readonly output?: OutputSink | undefined;
  /** Cancels the command: it is killed with all that it started, and the result has `cancelled: true`. */
  readonly signal?: AbortSignal | undefined;
}

/** The texts of a command that refer to secrets: those of its variables, and those that only its output may hold. */
export function textsOfExec({ variables = {}, withheld = [] }: Pick<ExecRequest, "variables" | "withheld">): string[] {
  return [...Object.values(variables), ...withheld.map((name) => `secret://${name}`)];
}

/**
 * Checks a command and fills in what it leaves out. Nothing happens on any engine, and no secret is asked for.
 *
 * @throws CosError `invalid_argument` naming each field that is wrong.
 */
export function defineExec({ secrets: _secrets, withheld: _withheld, ...request }: ExecRequest): ExecSpec {
  const spec = parseWith(execRequest(), request, "command");
  if (spec.stdin === undefined || isDecodable(spec.stdin, spec.stdinEncoding)) return spec;
  throw new CosError("invalid_argument", "stdin is not base64, or larger than 16 MiB.", {
    hint: "Put larger input into a file of the container.",
  });
}
