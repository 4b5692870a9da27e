import { type EnvSpec, envSpec } from "@cos/core";
import { once } from "./once.ts";

/** How the image is built, as flat fields. */
export const buildFields = once(() => {
  const { base, provision, build } = envSpec.shape;
  const { context, dockerfile, inline, arguments: buildArguments, target } = build.unwrap().shape;
  return {
    base,
    provision,
    buildContext: context,
    dockerfile,
    inlineDockerfile: inline,
    buildArguments,
    buildTarget: target,
  };
});

interface EnvironmentFields {
  readonly image?: string | undefined;
  readonly base?: string | undefined;
  readonly provision?: string[] | undefined;
  readonly buildContext?: string | undefined;
  readonly dockerfile?: string | undefined;
  readonly inlineDockerfile?: string | undefined;
  readonly buildArguments?: Record<string, string> | undefined;
  readonly buildTarget?: string | undefined;
}

/** The environment that flat fields describe; what they contradict each other in is for its own schema to say. */
export function toEnvironment(fields: EnvironmentFields): EnvSpec {
  const { image, base, provision, buildContext, dockerfile, inlineDockerfile, buildArguments, buildTarget } = fields;
  const build = given({
    context: buildContext,
    dockerfile,
    inline: inlineDockerfile,
    arguments: buildArguments,
    target: buildTarget,
  });
  return given({ image, base, provision, build: Object.keys(build).length === 0 ? undefined : build }) as EnvSpec;
}

/** The members that are there. */
function given<T extends object>(from: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(from).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
