interface ReadFile {
  readonly path: string;
  readonly size: number;
  readonly content?: string | undefined;
  readonly encoding?: "utf8" | "base64" | undefined;
}

/** The contents of files that came with an answer, each below its name; of others there is only what was said of them. */
export function formatContents(files: readonly ReadFile[]): string[] {
  return files.flatMap(({ path, content, encoding }) => {
    if (content === undefined) return [];
    return [encoding === "base64" ? `${path}, in base64:` : `${path}:`, content.trimEnd()];
  });
}

/** What became of the files that a job was asked for. */
export function formatArtifacts(artifacts: readonly ReadFile[], missing: readonly string[]): string[] {
  return [
    ...artifacts.filter(({ content }) => content === undefined).map(({ path, size }) => `${path}: ${size} bytes`),
    ...formatContents(artifacts),
    ...(missing.length === 0 ? [] : [`not left by the job: ${missing.join(", ")}`]),
  ];
}
