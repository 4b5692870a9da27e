import { execFileSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";

import { packTar } from "./tar.ts";

const accounts = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n";
const groups = "root:x:0:\nnogroup:x:65534:\n";

/**
 * Writes a file system of one static busybox, with a link for each of its applets.
 * @param tar where the file system goes; the binary is left beside it
 */
export function writeBusyboxFileSystem(tar: string, binary: Buffer): void {
  const program = `${tar}.bin`;
  writeFileSync(program, binary);
  chmodSync(program, 0o755);
  const applets = execFileSync(program, ["--list"], { encoding: "utf8" }).split("\n");
  const links = applets.filter((applet) => applet !== "" && applet !== "busybox").toSorted();
  writeFileSync(
    tar,
    packTar([
      ...["bin/", "dev/", "etc/", "home/", "proc/", "sys/", "usr/", "usr/bin/", "var/"].map((path) => ({ path })),
      { path: "root/", mode: 0o700 },
      { path: "tmp/", mode: 0o1777 },
      { path: "usr/bin/env", linkTo: "../../bin/busybox" },
      { path: "etc/passwd", content: Buffer.from(accounts) },
      { path: "etc/group", content: Buffer.from(groups) },
      { path: "bin/busybox", content: binary, mode: 0o755 },
      ...links.map((applet) => ({ path: `bin/${applet}`, linkTo: "busybox" })),
    ]),
  );
}
