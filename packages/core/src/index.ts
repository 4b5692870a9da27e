export { collectArtifacts, toContent, WatchedContent } from "./artifacts.ts";
export { canonicalJson, digestOf } from "./canonical.ts";
export type { ContainerConfiguration, ContainerHardening, ContainerMount, NetworkAddress } from "./configuration.ts";
export type { CallOptions, ListOptions } from "./call-options.ts";
export type { Engine } from "./engine.ts";
export type { KillOptions, RemoveOptions, StopOptions } from "./engine-containers.ts";
export type { ImageOptions, ImageRemoveOptions } from "./engine-images.ts";
export type { EngineCapabilities, EngineInfo } from "./engine-info.ts";
export { CosError, type CosErrorOptions, type ErrorCode, errorCodes } from "./errors.ts";
export { type ContainerEvent, type EngineEvent, EventQueue } from "./events.ts";
export { assertOneInput, type Interaction, type TerminalSize } from "./interaction.ts";
export { type FileEntry, type FileSink, type FileToWrite, isRelativePath, type ReadFilesOptions } from "./files.ts";
export {
  fullTag,
  type ImageBuildOptions,
  type ImageBuildRequest,
  type ImageBuildResult,
  type ImagePushResult,
  imageTag,
  isBuiltByName,
  ownerOfTag,
  type TransferOptions,
} from "./image.ts";
export {
  defineExec,
  type ExecOptions,
  execRequest,
  type ExecRequest,
  execResult,
  type ExecResult,
  type ExecSpec,
  textsOfExec,
} from "./exec.ts";
export {
  type Artifact,
  assertDetachable,
  assertIsJob,
  type JobHandle,
  jobResult,
  type JobOptions,
  type JobRequest,
  type JobResult,
  type ProgressEvent,
  type ProgressSink,
  type StartOptions,
} from "./job.ts";
export { deriveKey } from "./derive-key.ts";
export { type ExactTime, isExactTime, parseSeconds, parseTime, shiftTime, toExactTime } from "./exact-time.ts";
export {
  createSigner,
  engineName,
  fromLabels,
  isEngineName,
  managedLabel,
  type ManagedLabels,
  maxSpecLabelBytes,
  newObjectId,
  type ObjectKind,
  type Ownership,
  type Signer,
  specLabel,
  type TemporaryRole,
  temporaryName,
  toLabels,
  userLabels,
} from "./labels.ts";
export type { ContainerRequest, CreateOptions, WaitGoal, WaitOptions, WaitResult } from "./lifecycle.ts";
export { findNearest } from "./nearest.ts";
export { isOnNetwork, networkRequest, type NetworkRequest } from "./network.ts";
export { type LogLine, LogLines } from "./log-lines.ts";
export { assertLogOptions, type LogChunk, type LogOptions, type LogStream } from "./logs.ts";
export { BoundedOutput, defaultOutputBytes, type OutputChunk, type OutputSink } from "./output.ts";
export { parseWith } from "./parse.ts";
export { printable } from "./printable.ts";
export { type RedactedOutput, Redaction, redactOutput, type Redactor } from "./redaction.ts";
export { fieldsAt } from "./schema-fields.ts";
export type {
  Container,
  ContainerDetails,
  ContainerHealth,
  ContainerState,
  Image,
  ImageUse,
  Network,
  PublishedPort,
  Volume,
} from "./resources.ts";
export {
  assertUsable,
  findSecretNames,
  isReferenceOrPlain,
  openSecrets,
  type Secrets,
  type SecretSource,
  textsWithSecrets,
  toSecretName,
  withSecrets,
} from "./secrets.ts";
export { findDrift, type ServiceDrift } from "./service/drift.ts";
export { ensureService } from "./service/ensure-service.ts";
export { planService } from "./service/plan-service.ts";
export { type RecreateOptions, recreateService, specOfService } from "./service/recreate-service.ts";
export type { ServiceOptions, ServicePlan, ServiceRequest, ServiceResult, ServiceStatus } from "./service/service.ts";
export { startService, type StartServiceOptions } from "./service/start-service.ts";
export { type BuildSpec, type EnvSpec, envSpec } from "./spec/environment.ts";
export {
  formatImageReference,
  imageName,
  type ImageReference,
  isImageId,
  parseImageReference,
} from "./spec/image-reference.ts";
export { areDecodable, contentOf, type FileSpec, fileSpec } from "./spec/files.ts";
export { type LimitsSpec, limitsSpec } from "./spec/limits.ts";
export { type MountSpec, mountSpec } from "./spec/mounts.ts";
export { ownerName } from "./spec/names.ts";
export { parsePort, type PortSpec } from "./spec/ports.ts";
export { byteSize, parseByteSize } from "./spec/sizes.ts";
export {
  defineWorkload,
  type HealthCheckSpec,
  maxStdinBytes,
  type Profile,
  workloadInput,
  type WorkloadInput,
  type WorkloadSpec,
} from "./spec/workload-spec.ts";
export type { ContainerStats, DiskUsage, DiskUse } from "./usage.ts";
export { volumeRequest, type VolumeRequest, type VolumeResult } from "./volume.ts";
