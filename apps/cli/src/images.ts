import { formatBytes, type ImageSummary } from "@cos/control-plane";
import { printable } from "@cos/core";
import { exitCodes } from "./exit-codes.ts";
import { performHere, withSession } from "./perform.ts";
import { printJson } from "./printing.ts";
import type { Action } from "./program.ts";
import { openProgress } from "./progress.ts";
import { toAge, toTable } from "./table.ts";

const titles = ["TAG", "ID", "SIZE", "OWNER", "AGE", "PURPOSE"];

/** `cos image ls`: images as a table with a row for each tag, or with --quiet their ids. */
export const images: Action = (operation, input, settings) =>
  withSession(settings, async (session) => {
    const { result } = await performHere(session, operation, input);
    const { images } = result as { images: ImageSummary[] };
    if (settings.json) printJson(result);
    else if (settings.quiet) process.stdout.write(images.map(({ id }) => `${toShortId(id)}\n`).join(""));
    else process.stdout.write(await toTable(titles, images.flatMap(toRows)));
    return exitCodes.ok;
  });

function toRows({ id, tags, sizeBytes, owner, ownership, createdAt, purpose = "" }: ImageSummary): string[][] {
  const names = tags.length === 0 ? ["(none)"] : tags;
  return names.map((tag) => [
    tag,
    toShortId(id),
    formatBytes(sizeBytes),
    owner ?? `(${ownership})`,
    toAge(createdAt),
    purpose,
  ]);
}

/** `cos image pull|build|push`: progress on a terminal, then what became of it; with --quiet the id or digest alone. */
export const imageWork: Action = (operation, input, settings) =>
  withSession(settings, async (session) => {
    const progress = openProgress(settings);
    const { result, text } = await performHere(session, operation, input, { progress: progress.show }).finally(
      progress.clear,
    );
    const { id, digest } = result as { id: string; digest?: string };
    if (settings.json) printJson(result);
    else if (settings.quiet) process.stdout.write(`${operation.name === "image_push" ? digest : id}\n`);
    else process.stdout.write(`${printable(text)}\n`);
    return exitCodes.ok;
  });

function toShortId(id: string): string {
  return id.slice("sha256:".length, "sha256:".length + 12);
}
