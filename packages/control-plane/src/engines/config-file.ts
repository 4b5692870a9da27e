import { dirname, isAbsolute, resolve } from "node:path";
import { CosError, parseWith } from "@cos/core";
import { parseDocument } from "@cos/policy";
import * as z from "zod";
import { once } from "../once.ts";
import type { EngineSettings } from "./settings.ts";

const text = (max: number) => z.string().min(1).max(max);

const engineEntry = once(() =>
  z
    .strictObject({
      host: text(1024)
        .optional()
        .describe(
          "Its address: unix:///path, ssh://[user@]host[:port][/path], or tcp://host:port. Without one, and without a context, it is found the way the docker CLI finds it.",
        ),
      context: text(256)
        .optional()
        .describe("The Docker context that leads to it (see: docker context ls), instead of an address."),
      certPath: text(4096)
        .optional()
        .describe("Directory with ca.pem, cert.pem and key.pem for tcp:// with TLS; relative to this file."),
      helperImage: text(512)
        .optional()
        .describe("An image there that has /bin/busybox, from which commands that overrun are killed."),
    })
    .refine(({ host, context }) => host === undefined || context === undefined, {
      error: "give a host or a context, not both",
    }),
);

const configFile = once(() =>
  z
    .strictObject({
      $schema: z.string().max(1024).optional().describe("Where this schema is, for editors."),
      engines: z
        .record(
          z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/, {
            error: "expected a name of 1-32 lower-case letters, digits and inner hyphens",
          }),
          z.union([text(1024), engineEntry()], { error: "expected an address, or an object" }),
        )
        .default({})
        .describe("Engines by name, e.g. prod: ssh://alias. In the user's own file the first is the default."),
    })
    .meta({ title: "Configuration of cos", description: "Names the engines that cos can use." }),
);

/** The JSON Schema (draft 2020-12) of a `cos.config` file. */
export function toConfigSchema(): Readonly<Record<string, unknown>> {
  return { ...z.toJSONSchema(configFile(), { io: "input" }) };
}

/**
 * Reads a `cos.config` file: JSON, YAML or, by its name, TOML.
 *
 * @throws CosError `invalid_argument` that says what is wrong, and where.
 */
export async function parseConfig(source: string, file: string): Promise<readonly EngineSettings[]> {
  const { engines } = file.endsWith(".toml")
    ? parseWith(configFile(), await parseToml(source, file), `configuration ${file}`)
    : await parseDocument(source, file, configFile());
  return Object.entries(engines).map(([name, entry]) => {
    const { host, context, certPath, helperImage } = typeof entry === "string" ? { host: entry } : entry;
    const given = { host, context, helperImage, certPath: certPath && toAbsolute(certPath, file) };
    return { name, ...given, source: file };
  });
}

function toAbsolute(path: string, file: string): string {
  return isAbsolute(path) ? path : resolve(dirname(file), path);
}

async function parseToml(source: string, file: string): Promise<unknown> {
  const { parse, TomlError } = await import("smol-toml");
  try {
    return parse(source);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [problem = ""] = cause.message.split("\n");
    const at = `${file}:${cause.line}:${cause.column}`;
    throw new CosError("invalid_argument", `${at}: ${problem.replace(/^Invalid TOML document: /, "")}`, { cause });
  }
}
