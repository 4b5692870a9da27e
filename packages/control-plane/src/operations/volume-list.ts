import * as z from "zod";
import { defineOperation } from "../operation.ts";
import { isVisible } from "../summary.ts";
import { formatVolume, toVolumeSummary, volumeSummary } from "../volume-summary.ts";

export const volumeList = defineOperation({
  name: "volume_list",
  title: "List the engine's volumes",
  description:
    "Lists the named volumes of the engine. Managed ones, which cos made and can vouch for, are told apart from other installations' (foreign) and from everything else (unmanaged); only managed ones of your own can be mounted by workloads. Agents see their own and unmanaged volumes. Use it to see what data is kept between jobs, or to find a name for volume_remove. It does not show what is in them: mount one in a job for that. It changes nothing.",
  effect: "read",
  input: () =>
    z.strictObject({
      managed: z.boolean().default(false).describe("Only what this installation of cos made."),
    }),
  output: () => z.strictObject({ volumes: z.array(volumeSummary()) }),
  run: async ({ engine, caller, signal }, { managed }) => {
    const volumes = await engine.volumes.list({ managed }, { signal });
    return { volumes: volumes.filter((volume) => isVisible(volume, caller)).map(toVolumeSummary) };
  },
  format: ({ volumes }) => (volumes.length === 0 ? "No volumes." : volumes.map(formatVolume).join("\n")),
});
