// ensure.ts [NAME…]: makes sure that the images exist on the engine. One that is there is left as it is.
import { fileURLToPath } from "node:url";

import { listEndpoints } from "../engine/endpoints.ts";
import { buildImage, canBuild } from "./build.ts";
import { chooseRecipes, type Recipe } from "./recipes.ts";
import { ImageStore } from "./store.ts";

const cache = fileURLToPath(new URL("../../.cache/images", import.meta.url));
const say = (text: string) => process.stderr.write(`dev: ${text}\n`);

const [endpoint] = listEndpoints(process.env);
if (!endpoint) throw new Error("no engine");
const store = new ImageStore(endpoint);

/** Our own images are built where that is possible, everybody's images are pulled where that is possible. */
async function ensure(recipe: Recipe): Promise<void> {
  const { reference, upstream } = recipe;
  if (await store.has(reference)) return;
  const started = performance.now();
  const build = async () => store.load(await buildImage(recipe, cache, say));
  const pull = async () => {
    if (upstream === undefined) throw new Error("no registry has it");
    say(`pulling ${upstream}`);
    const patience = canBuild(recipe) ? 5 : 60;
    await store.pull(upstream, patience);
    if (upstream !== reference) await store.tag(upstream, reference);
  };
  const ways = reference === upstream ? [pull, build] : [build, pull];
  const reasons: string[] = [];
  for (const way of ways) {
    try {
      await way();
      say(`${reference} is ready (${((performance.now() - started) / 1000).toFixed(1)} s)`);
      return;
    } catch (error) {
      reasons.push(messageOf(error));
    }
  }
  throw new Error(`${reference} can neither be pulled nor built:\n${reasons.join("\n")}`);
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

try {
  const results = await Promise.allSettled(chooseRecipes(process.argv.slice(2)).map(ensure));
  const failures = results.flatMap((result) => (result.status === "rejected" ? [messageOf(result.reason)] : []));
  if (failures.length > 0) throw new Error(failures.join("\n"));
} catch (error) {
  say(messageOf(error));
  process.exitCode = 1;
}
