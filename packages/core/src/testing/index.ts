export type { ConnectEngine, MadeContainer, MakeContainer } from "./contract/setup.ts";
export { describeEngine } from "./describe-engine.ts";
export { fakeBusybox } from "./fake-busybox.ts";
export { type AddedContainer, addContainer } from "./memory-containers.ts";
export { type AddedImage, addImage } from "./memory-images.ts";
export { createMemoryEngine, createMemoryHost, type MemoryEngineOptions, type MemoryHost } from "./memory-engine.ts";
export type { MemoryJob, MemoryProgram } from "./memory-job.ts";
export { type MemoryLine, writeLog } from "./memory-logs.ts";
export type { MemoryMount } from "./memory-mounts.ts";
