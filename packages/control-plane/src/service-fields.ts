import { CosError, defineWorkload, type WorkloadInput, workloadInput, type WorkloadSpec } from "@cos/core";
import * as z from "zod";
import { once } from "./once.ts";
import { findContradictions, given, ownUser, sharedFields, toSharedPart } from "./workload-fields.ts";

const fields = once(() => {
  const { name, ttlSeconds, healthCheck, restart } = workloadInput.shape;
  const { command, intervalSeconds, timeoutSeconds, retries, startPeriodSeconds } = healthCheck.unwrap().shape;
  const shared = sharedFields();
  return z.strictObject({
    name: name.unwrap().describe("The service's name; its container and host name is cos-<name>."),
    ...shared,
    network: shared.network.describe("none, bridge (default), or a managed network."),
    profile: shared.profile.describe(
      "Hardening. service (default): the capabilities of servers; sandbox: none; strict: none, a read-only root, not as root.",
    ),
    user: shared.user.describe(
      "User, e.g. 1000:1000; default: the image's, or yours when it can write to a host path.",
    ),
    healthCommand: command.optional().describe("Healthy when it exits with 0. A string is run by /bin/sh -c."),
    healthIntervalSeconds: intervalSeconds.unwrap().optional().describe("Seconds between two checks. Default: 30."),
    healthTimeoutSeconds: timeoutSeconds.unwrap().optional().describe("Seconds a check may take. Default: 10."),
    healthRetries: retries.unwrap().optional().describe("Failed checks in a row until unhealthy. Default: 3."),
    healthStartPeriodSeconds: startPeriodSeconds
      .unwrap()
      .optional()
      .describe("Seconds at the start when failures do not count. Default: 0."),
    restartAttempts: restart
      .unwrap()
      .shape.maxAttempts.optional()
      .describe("How often to start it again when it fails. Default: 0."),
    ttlSeconds: ttlSeconds.describe("Seconds until it may be removed, running or not. Default: never."),
  });
});

type ServiceFields = z.output<ReturnType<typeof fields>>;

/** A service as one flat object. Fields that contradict each other do not parse. */
export const serviceFields = once(() =>
  fields().superRefine((value, context) => {
    if (context.issues.length > 0) return;
    for (const message of findContradictions(value, () => toService(value))) {
      context.addIssue({ code: "custom", message });
    }
  }),
);

/** The service that flat fields describe. */
export function toServiceSpec(fields: ServiceFields): WorkloadSpec {
  return defineWorkload(toService(fields));
}

function toService(fields: ServiceFields): WorkloadInput {
  const writesHostFiles = fields.mounts.some((mount) => mount.type === "bind" && mount.readOnly === false);
  const user = fields.user ?? (writesHostFiles ? ownUser() : undefined);
  const healthCheck = toHealthCheck(fields);
  return {
    ...toSharedPart(fields),
    ...given(fields, ["name", "ttlSeconds"]),
    lifecycle: "persistent",
    ...(user === undefined ? {} : { user }),
    ...(healthCheck === undefined ? {} : { healthCheck }),
    ...(fields.restartAttempts === undefined ? {} : { restart: { maxAttempts: fields.restartAttempts } }),
  };
}

function toHealthCheck(fields: ServiceFields): WorkloadInput["healthCheck"] {
  const numbers = {
    intervalSeconds: fields.healthIntervalSeconds,
    timeoutSeconds: fields.healthTimeoutSeconds,
    retries: fields.healthRetries,
    startPeriodSeconds: fields.healthStartPeriodSeconds,
  };
  if (fields.healthCommand !== undefined) {
    return {
      command: fields.healthCommand,
      ...given(numbers, ["intervalSeconds", "timeoutSeconds", "retries", "startPeriodSeconds"]),
    };
  }
  if (Object.values(numbers).every((number) => number === undefined)) return undefined;
  throw new CosError("invalid_argument", "The numbers of a health check need its healthCommand.");
}
