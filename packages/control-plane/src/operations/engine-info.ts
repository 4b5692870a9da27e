import * as z from "zod";
import { checkEngine } from "../engine-health.ts";
import { formatBytes } from "../format-bytes.ts";
import { once } from "../once.ts";
import { defineOperation } from "../operation.ts";

const use = once(() => z.strictObject({ count: z.int().min(0), bytes: z.number().min(0) }));
const kinds = ["containers", "images", "volumes", "buildCache"] as const;

export const engineInfo = defineOperation({
  name: "engine_info",
  title: "Describe the engine",
  description:
    "Describes the container engine: its version, what it can do and enforces, what is wrong with it, and how many containers, images and volumes there are with the bytes that they take, in all and of what cos made. Use it to find out whether limits hold, or what fills the disk before a gc; use ping for a sign of life alone. Measuring the disk can take minutes on a large engine: leave it out with `diskUsage` false. It changes nothing.",
  effect: "read",
  input: () =>
    z.strictObject({
      diskUsage: z.boolean().default(true).describe("Also measure what is on the disk."),
    }),
  output: () =>
    z.strictObject({
      engine: z.string(),
      driver: z.string(),
      version: z.string(),
      apiVersion: z.string(),
      os: z.string(),
      architecture: z.string(),
      kernel: z.string(),
      cgroupVersion: z.string(),
      cgroupDriver: z.string(),
      rootless: z.boolean(),
      storageDriver: z.string(),
      dataRoot: z.string(),
      securityOptions: z.array(z.string()),
      liveRestore: z.boolean().describe("Whether containers outlive a restart of the engine."),
      helperImage: z
        .string()
        .optional()
        .describe("What kills commands that overrun in containers: an image, or the program to build one from."),
      components: z.array(z.strictObject({ name: z.string(), version: z.string() })),
      capabilities: z.strictObject({
        cpus: z.number(),
        memoryBytes: z.number(),
        limits: z
          .strictObject({ cpus: z.boolean(), memory: z.boolean(), pids: z.boolean() })
          .describe("Those that are enforced, not merely accepted."),
        build: z.boolean(),
        localFiles: z.boolean().describe("Whether host paths mean files of the machine that cos runs on."),
      }),
      health: z
        .array(
          z.strictObject({
            subject: z.string(),
            status: z.enum(["ok", "warn", "fail"]),
            message: z.string(),
            fix: z.string().optional(),
          }),
        )
        .describe("What was checked."),
      diskUsage: z
        .strictObject({
          all: z
            .strictObject({ containers: use(), images: use(), volumes: use(), buildCache: use() })
            .describe("Layers that images share count once."),
          managed: z
            .strictObject({ containers: use(), images: use(), volumes: use() })
            .describe("What this installation of cos made. Of images, the layers that no other uses."),
        })
        .optional(),
    }),
  run: async ({ engine, signal }, { diskUsage }) => {
    const [info, disk] = await Promise.all([
      engine.info({ signal }),
      diskUsage ? engine.diskUsage({ signal }) : undefined,
    ]);
    const { capabilities } = engine;
    return {
      engine: engine.name,
      driver: engine.driver,
      version: info.version,
      apiVersion: info.apiVersion,
      os: info.os,
      architecture: info.architecture,
      kernel: info.kernel,
      cgroupVersion: info.cgroupVersion,
      cgroupDriver: info.cgroupDriver,
      rootless: info.rootless,
      storageDriver: info.storageDriver,
      dataRoot: info.dataRoot,
      securityOptions: [...info.securityOptions],
      liveRestore: info.liveRestore,
      ...(info.helperImage === undefined ? {} : { helperImage: info.helperImage }),
      components: [...info.components],
      capabilities,
      health: checkEngine(info, capabilities.limits),
      ...(disk === undefined ? {} : { diskUsage: disk }),
    };
  },
  format: ({ engine, driver, version, apiVersion, os, architecture, kernel, capabilities, health, diskUsage }) => {
    const problems = health.filter(({ status }) => status !== "ok");
    return [
      `${engine}: ${driver} engine ${version}, API ${apiVersion}`,
      `${os}, ${architecture}, kernel ${kernel}`,
      `${capabilities.cpus} CPUs, ${formatBytes(capabilities.memoryBytes)} of memory`,
      ...(problems.length === 0 ? ["healthy"] : problems.map(({ subject, message }) => `${subject}: ${message}`)),
      ...(diskUsage === undefined
        ? []
        : kinds.map((kind) => {
            const { count, bytes } = diskUsage.all[kind];
            const own = kind === "buildCache" ? undefined : diskUsage.managed[kind];
            const managed = own === undefined ? "" : `, of which ${own.count} managed, ${formatBytes(own.bytes)}`;
            return `${kind === "buildCache" ? "build cache" : kind}: ${count}, ${formatBytes(bytes)}${managed}`;
          })),
    ].join("\n");
  },
});
