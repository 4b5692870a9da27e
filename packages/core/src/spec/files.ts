import * as z from "zod";
import { isReferenceOrPlain } from "../secrets.ts";
import { containerPath } from "./paths.ts";

/** Most bytes of a workload's files together, after decoding. */
const maxFileBytes = 1024 * 1024;

/** What the engine mounts over in every container, so that nothing written there is seen. */
const mountedOver: ReadonlySet<string> = new Set(["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"]);

/** A file that a job finds when it starts. */
export const fileSpec = z
  .strictObject({
    path: containerPath
      .refine((path) => path !== "/" && !mountedOver.has(path), {
        error: "must not be the root directory or a file that the engine writes",
      })
      .describe("Absolute path; missing directories are made."),
    content: z
      .string()
      .max(Math.ceil((maxFileBytes * 4) / 3) + 4)
      .describe("Content; secret://NAME stands for a secret."),
    encoding: z.enum(["utf8", "base64"]).default("utf8").describe("How `content` is written."),
    mode: z
      .string()
      .regex(/^0?[0-7]{3}$/, { error: 'expected permission bits in octal, such as "644"' })
      .default("644")
      .describe("Permission bits in octal."),
  })
  .refine(({ content, encoding }) => encoding === "base64" || isReferenceOrPlain(content), {
    error: 'a reference to a secret is "secret://" and its name, and nothing else',
  });

export type FileSpec = z.output<typeof fileSpec>;

/** A file's content as bytes. */
export function contentOf({ content, encoding }: FileSpec): Buffer {
  return Buffer.from(content, encoding);
}

/** Whether all files can be decoded, and are not larger together than a workload carries. */
export function areDecodable(files: readonly FileSpec[]): boolean {
  const decodable = files.every(
    ({ content, encoding }) =>
      encoding === "utf8" || (content.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(content)),
  );
  return decodable && files.reduce((bytes, file) => bytes + contentOf(file).byteLength, 0) <= maxFileBytes;
}
