import { CosError, type FileToWrite } from "@cos/core";
import { tarEnd, type TarOwner, tarPadding, toTarHeader } from "./tar-header.ts";

/** About how many bytes are handed on at a time. */
const pieceBytes = 256 * 1024;

/**
 * An archive of these files, made while it is read.
 *
 * @param owner whose they become, as numbers; root's unless set.
 * @throws CosError `failed_precondition` when a file's content is not as long as was said; whatever a content throws.
 */
export async function* packTar(
  entries: AsyncIterable<FileToWrite> | Iterable<FileToWrite>,
  owner?: TarOwner,
): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of packEntries(entries, owner)) {
    pieces.push(piece);
    bytes += piece.byteLength;
    if (bytes < pieceBytes) continue;
    yield Buffer.concat(pieces, bytes);
    pieces = [];
    bytes = 0;
  }
  yield Buffer.concat([...pieces, tarEnd]);
}

async function* packEntries(
  entries: AsyncIterable<FileToWrite> | Iterable<FileToWrite>,
  owner: TarOwner | undefined,
): AsyncGenerator<Buffer> {
  for await (const { path, type, mode = type === "file" ? 0o644 : 0o755, size, content = [] } of entries) {
    yield toTarHeader({ path, type, mode: mode & 0o777, size, owner });
    let sent = 0;
    for await (const chunk of content) {
      sent += chunk.byteLength;
      if (sent > size) break;
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
    if (sent !== size) {
      throw new CosError("failed_precondition", `${JSON.stringify(path)} changed while it was read.`, {
        hint: "Try again when nothing writes to it.",
      });
    }
    yield tarPadding(size);
  }
}
