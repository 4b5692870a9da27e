const blockSize = 512;

/** One entry of a tar archive: a file, a symbolic link, or else a folder. Owners and dates are fixed. */
export interface TarEntry {
  readonly path: string;
  /** Permission bits; by default 0o755 for a folder and 0o644 for the rest. */
  readonly mode?: number;
  /** Where a symbolic link points to. */
  readonly linkTo?: string;
  /** What a file contains. */
  readonly content?: Buffer;
  /** Bytes of a file whose content the caller writes after the header. */
  readonly size?: number;
}

/** A whole archive in memory; the same entries give the same bytes. */
export function packTar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = entry.content ?? Buffer.alloc(0);
    return [tarHeader(entry), content, tarPadding(content.length)];
  });
  return Buffer.concat([...blocks, tarEnd]);
}

/** The two empty blocks that end an archive. */
export const tarEnd = Buffer.alloc(2 * blockSize);

/** What follows a content of this many bytes. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
}

/** The block before the content of an entry. */
export function tarHeader({ path, linkTo, content, mode, size = content?.length }: TarEntry): Buffer {
  const type = linkTo !== undefined ? "2" : size !== undefined ? "0" : "5";
  const block = Buffer.alloc(blockSize);
  const writeOctal = (value: number, digits: number, offset: number) =>
    block.write(value.toString(8).padStart(digits, "0"), offset);
  block.write(path, 0, 100);
  writeOctal(mode ?? (type === "5" ? 0o755 : 0o644), 7, 100);
  writeOctal(0, 7, 108);
  writeOctal(0, 7, 116);
  writeOctal(size ?? 0, 11, 124);
  writeOctal(0, 11, 136);
  block.write("        ", 148);
  block.write(type, 156);
  block.write(linkTo ?? "", 157, 100);
  block.write("ustar\u000000", 257);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  writeOctal(checksum, 6, 148);
  block[154] = 0;
  return block;
}
