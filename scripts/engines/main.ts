// main.ts start|stop [NAME…]: makes sure that the engines of the tests run, or that nothing is left of them.
import { chooseEngines, socketOf } from "./engines.ts";
import { startEngine, stopEngine } from "./run.ts";

const [command, ...names] = process.argv.slice(2);
const say = (text: string) => process.stderr.write(`dev: ${text}\n`);

try {
  for (const engine of chooseEngines(names)) {
    const started = performance.now();
    if (command === "stop") await stopEngine(engine);
    else await startEngine(engine);
    const what = command === "stop" ? "is gone" : `answers on unix://${socketOf(engine)}`;
    say(`${engine.name} ${what} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  }
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
