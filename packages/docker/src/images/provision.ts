import { CosError, isImageId, parseImageReference } from "@cos/core";

/** Longest line that Docker's parser of Dockerfiles takes, in bytes. */
const maxLineBytes = 65_535;

/**
 * The Dockerfile of a base image with steps on top: `FROM` and one `RUN` for each step. The steps stand there as JSON,
 * so nothing in a step can begin another instruction, and only the container's shell expands it.
 *
 * @throws CosError `invalid_argument` when the base is not an image reference or a full id, or a step is too long.
 */
export function toDockerfile({
  base,
  provision,
}: {
  readonly base: string;
  readonly provision: readonly string[];
}): string {
  if (!isImageId(base) && parseImageReference(base) === undefined) {
    throw new CosError("invalid_argument", `${JSON.stringify(base.slice(0, 200))} is not an image reference.`);
  }
  const steps = provision.map((step, index) => {
    // Newer parsers look for here-documents also inside JSON, so its beginning is escaped.
    const line = `RUN ${JSON.stringify(["/bin/sh", "-c", step]).replaceAll("<", "\\u003c")}`;
    if (Buffer.byteLength(line) > maxLineBytes) {
      throw new CosError("invalid_argument", `Provision step ${index + 1} is too long.`, {
        hint: "Divide it into several steps.",
      });
    }
    return line;
  });
  return `${[`FROM ${base}`, ...steps].join("\n")}\n`;
}
