import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A build context on the disk, of which the ignore file leaves out half. */
export interface ManyFiles extends Disposable {
  readonly root: string;
}

/** Makes a context of this many files of 0.5 to 20 kB, 200 to a directory. */
export function makeManyFiles(count: number): ManyFiles {
  const root = mkdtempSync(join(tmpdir(), "cos-bench-"));
  const content = Buffer.from(Array.from({ length: 20_480 }, (_, index) => (index * 7919) % 251));
  for (let file = 0; file < count; file++) {
    const directory = join(root, file % 2 === 0 ? "src" : "node_modules", `d${Math.floor(file / 400)}`);
    if (file % 400 < 2) mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `f${file}.txt`), content.subarray(0, 500 + ((file * 7919) % 19_980)));
  }
  writeFileSync(join(root, ".dockerignore"), "node_modules\n.git\n**/*.log\n");
  writeFileSync(join(root, "Dockerfile"), "FROM busybox\nCOPY src /src\nRUN ls /src > /list\n");
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}
