import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { writeImageArchive } from "./archive.ts";
import { writeBusyboxFileSystem } from "./busybox.ts";
import { buildFileSystem, canBuildFromDebian, findStaticBusybox, hasApt } from "./debian.ts";
import { shortName, type Recipe } from "./recipes.ts";

/** Whether the recipe can be followed on this machine. */
export function canBuild({ packages }: Recipe): boolean {
  return packages === undefined ? hasApt() : canBuildFromDebian();
}

/**
 * Builds the image, unless the cache holds what the same recipe gave earlier.
 * @returns the path of an archive to load
 * @throws Error when this machine cannot build it
 */
export async function buildImage(recipe: Recipe, cache: string, say: (text: string) => void): Promise<string> {
  const { reference, config, packages, suite = "bookworm", hook } = recipe;
  if (!canBuild(recipe)) throw new Error("building it takes Debian and root");
  const name = shortName(reference);
  const archive = join(cache, `${name}-${recipeDigest()}.tar`);
  if (existsSync(archive)) return archive;
  await mkdir(cache, { recursive: true });
  for (const old of await readdir(cache)) if (old.startsWith(`${name}-`)) await rm(join(cache, old), { force: true });
  say(`building ${reference} from Debian's packages`);
  const layer = `${archive}.layer`;
  try {
    if (packages === undefined || hook === undefined) writeBusyboxFileSystem(layer, await findStaticBusybox(cache));
    else await buildFileSystem(layer, suite, packages, hook);
    await writeImageArchive(archive, reference, config, layer);
  } finally {
    await rm(layer, { force: true });
  }
  return archive;
}

/** Changes with everything in this folder, so that the cache is never older than a recipe. */
function recipeDigest(): string {
  const hash = createHash("sha256");
  const entries = readdirSync(import.meta.dirname, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.toSorted()) hash.update(readFileSync(path));
  return hash.digest("hex").slice(0, 12);
}
