import * as z from "zod";
import { defineOperation } from "../operation.ts";

export const ping = defineOperation({
  name: "ping",
  title: "Ping the engine",
  description:
    "Asks the container engine for a sign of life and tells its version and how long it took to answer. Use it to check the connection before other calls, or when they fail with `unavailable`. It changes nothing.",
  effect: "read",
  input: () => z.strictObject({}),
  output: () =>
    z.strictObject({
      engine: z.string(),
      driver: z.string(),
      version: z.string(),
      apiVersion: z.string(),
      latencyMs: z.number().min(0),
    }),
  run: async ({ engine, signal }) => ({
    engine: engine.name,
    driver: engine.driver,
    ...(await engine.ping({ signal })),
  }),
  format: ({ engine, driver, version, apiVersion, latencyMs }) =>
    `${engine}: ${driver} engine ${version}, API ${apiVersion}, answered in ${latencyMs.toFixed(1)} ms`,
});
