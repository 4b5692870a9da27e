import { createReadStream } from "node:fs";
import { CosError, maxStdinBytes } from "@cos/core";

/** `--stdin -` reads cos's own input, `--stdin FILE` a file, and anything else is the input itself. */
export async function readStdin(source: unknown): Promise<{ stdin?: string; stdinEncoding?: "utf8" | "base64" }> {
  if (typeof source !== "string") return {};
  const bytes = source === "-" ? await readAll(process.stdin) : await readIfFile(source);
  if (bytes === undefined) return { stdin: source };
  const text = bytes.toString("utf8");
  return Buffer.from(text, "utf8").equals(bytes)
    ? { stdin: text }
    : { stdin: bytes.toString("base64"), stdinEncoding: "base64" };
}

async function readIfFile(path: string): Promise<Buffer | undefined> {
  try {
    return await readAll(createReadStream(path));
  } catch (cause) {
    if (CosError.is(cause)) throw cause;
    const { code = "" } = cause as NodeJS.ErrnoException;
    if (code !== "EACCES" && code !== "EPERM") return undefined;
    throw new CosError("failed_precondition", `The file ${JSON.stringify(path)} cannot be read.`, { cause });
  }
}

async function readAll(input: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > maxStdinBytes)
      throw new CosError("invalid_argument", "The standard input is longer than 16 MiB.", {
        hint: "Put larger input into a file that the command can read.",
      });
  }
  return Buffer.concat(chunks);
}
