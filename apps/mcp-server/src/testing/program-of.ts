import { join } from "node:path";

/** Where a program that this package depends on for its tests is. It runs on the Node that the repository pins. */
export function programOf(name: string): string {
  return join(import.meta.dirname, "..", "..", "node_modules", ".bin", name);
}
