/**
 * When every packed file was last changed, in seconds since 1970: the start of 1980, so that equal files make equal
 * archives, and the earliest time that zip files (and with them Python's wheels) can carry.
 */
const modifiedSeconds = 315_532_800;
const blockBytes = 512;
const maxOctalSize = 0o77777777777;
const maxOctalId = 0o7777777;

export interface TarEntry {
  /** Relative, with `/`, without a trailing one. */
  readonly path: string;
  readonly type: "file" | "directory" | "symlink";
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  /** Bytes of content that follow; 0 unless it is a file. */
  readonly size: number;
  readonly linkTarget?: string;
  /** Whose it is, as numbers; root's unless set. */
  readonly owner?: TarOwner | undefined;
}

export interface TarOwner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Most bytes that a header takes: pax records of a path and a link of 4096 bytes each, which is as long as they get on
 * Linux, with the headers around them.
 */
export const maxHeaderBytes = 16 * 1024;

/** The two empty blocks that end an archive. */
export const tarEnd: Buffer = Buffer.alloc(2 * blockBytes);

/** The zeros between an entry's content and the next header. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

/** What stands before an entry's content: a ustar header, after a pax header when ustar has no room. */
export function toTarHeader(entry: TarEntry): Buffer {
  const path = Buffer.from(entry.type === "directory" ? `${entry.path}/` : entry.path);
  const link = Buffer.from(entry.linkTarget ?? "");
  const cut = splitPath(path);
  const { uid, gid } = entry.owner ?? { uid: 0, gid: 0 };
  const records = [
    ...(cut === undefined ? [paxRecord("path", path)] : []),
    ...(link.byteLength > 100 ? [paxRecord("linkpath", link)] : []),
    ...(entry.size > maxOctalSize ? [paxRecord("size", Buffer.from(String(entry.size)))] : []),
    ...(uid > maxOctalId ? [paxRecord("uid", Buffer.from(String(uid)))] : []),
    ...(gid > maxOctalId ? [paxRecord("gid", Buffer.from(String(gid)))] : []),
  ];
  const typeFlag = { file: "0", directory: "5", symlink: "2" }[entry.type];
  const header = ustarHeader({
    name: cut === undefined ? path.subarray(0, 100) : path.subarray(cut),
    prefix: cut === undefined || cut === 0 ? Buffer.alloc(0) : path.subarray(0, cut - 1),
    link: link.subarray(0, 100),
    mode: entry.mode,
    size: Math.min(entry.size, maxOctalSize),
    uid: Math.min(uid, maxOctalId),
    gid: Math.min(gid, maxOctalId),
    typeFlag,
  });
  if (records.length === 0) return header;
  const body = Buffer.concat(records);
  const pax = ustarHeader({
    name: Buffer.from("PaxHeaders"),
    prefix: Buffer.alloc(0),
    link: Buffer.alloc(0),
    mode: 0o644,
    size: body.byteLength,
    uid: 0,
    gid: 0,
    typeFlag: "x",
  });
  return Buffer.concat([pax, body, tarPadding(body.byteLength), header]);
}

/**
 * Writes what {@link toTarHeader} makes into a buffer, without making anything where that is not needed: for archives of
 * very many files.
 *
 * @param into has {@link maxHeaderBytes} bytes from `at` on.
 * @returns the number of bytes written.
 */
export function writeTarHeader(into: Buffer, at: number, entry: TarEntry): number {
  const { path, type, size } = entry;
  const isPlain = type === "file" && path.length <= 100 && entry.owner === undefined && size <= maxOctalSize;
  if (isPlain) template.copy(into, at);
  let sum = templateSum;
  for (let index = 0; isPlain && index < path.length; index++) {
    const code = path.charCodeAt(index);
    if (code > 127) break;
    into[at + index] = code;
    sum += code;
    if (index < path.length - 1) continue;
    sum += writeOctal(into, at + 100, entry.mode & 0o7777, 7) + writeOctal(into, at + 124, size, 11);
    writeOctal(into, at + 148, sum, 6);
    return blockBytes;
  }
  const header = toTarHeader(entry);
  header.copy(into, at);
  return header.byteLength;
}

/** Writes a number with leading zeros; answers with the sum of the digits' codes. */
function writeOctal(into: Buffer, at: number, value: number, digits: number): number {
  let [rest, sum] = [value, 0];
  for (let index = at + digits - 1; index >= at; index--) {
    const code = 48 + (rest % 8);
    rest = Math.floor(rest / 8);
    into[index] = code;
    sum += code;
  }
  return sum;
}

/** Where the last part of a path begins that fits ustar's name (100 bytes) while the rest fits its prefix (155). */
function splitPath(path: Buffer): number | undefined {
  if (path.byteLength <= 100) return 0;
  const slash = path.indexOf("/", path.byteLength - 101);
  return slash > 0 && slash <= 155 && slash < path.byteLength - 1 ? slash + 1 : undefined;
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = value.byteLength + key.length + 3;
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from("\n")]);
}

interface UstarFields {
  readonly name: Buffer;
  readonly prefix: Buffer;
  readonly link: Buffer;
  readonly mode: number;
  readonly size: number;
  readonly uid: number;
  readonly gid: number;
  readonly typeFlag: string;
}

function ustarHeader({ name, prefix, link, mode, size, uid, gid, typeFlag }: UstarFields): Buffer {
  const header = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, digits: number) =>
    header.write(value.toString(8).padStart(digits, "0"), at, "latin1");
  name.copy(header, 0);
  octal(mode & 0o7777, 100, 7);
  octal(uid, 108, 7);
  octal(gid, 116, 7);
  octal(size, 124, 11);
  octal(modifiedSeconds, 136, 11);
  header.fill(" ", 148, 156);
  header.write(typeFlag, 156, "latin1");
  link.copy(header, 157);
  header.write("ustar\u000000", 257, "latin1");
  prefix.copy(header, 345);
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

/** The header of a file of root's without its name, mode, size and sum, and the sum of what it holds. */
const template = ustarHeader({
  name: Buffer.alloc(0),
  prefix: Buffer.alloc(0),
  link: Buffer.alloc(0),
  mode: 0,
  size: 0,
  uid: 0,
  gid: 0,
  typeFlag: "0",
});
template.fill(0, 100, 107).fill(0, 124, 135);
const templateSum = template.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 32 : byte), 0);
