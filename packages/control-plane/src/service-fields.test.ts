import { defineWorkload, type WorkloadInput } from "@cos/core";
import { describe, expect, test } from "vitest";
import { serviceFields, toServiceSpec } from "./service-fields.ts";
import { sharedFields } from "./workload-fields.ts";

const parse = (input: object) => serviceFields().parse({ name: "web", image: "nginx", ...input });
const problemsOf = (input: object) =>
  serviceFields()
    .safeParse({ name: "web", image: "nginx", ...input })
    .error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
const service = { env: { image: "nginx" }, name: "web", lifecycle: "persistent" } as const;

describe("a service as flat fields", () => {
  test("is by default one on the bridge, hardened as services are", () => {
    expect(toServiceSpec(parse({}))).toEqual(defineWorkload(service));
    expect(toServiceSpec(parse({}))).toMatchObject({ network: "bridge", profile: "service" });
  });

  test.each<[object, Partial<WorkloadInput>]>([
    [
      { healthCommand: "true" },
      { healthCheck: { command: "true", intervalSeconds: 30, timeoutSeconds: 10, retries: 3, startPeriodSeconds: 0 } },
    ],
    [
      {
        healthCommand: ["ok", "now"],
        healthIntervalSeconds: 5,
        healthTimeoutSeconds: 2,
        healthRetries: 4,
        healthStartPeriodSeconds: 60,
      },
      {
        healthCheck: {
          command: ["ok", "now"],
          intervalSeconds: 5,
          timeoutSeconds: 2,
          retries: 4,
          startPeriodSeconds: 60,
        },
      },
    ],
    [{ restartAttempts: 5 }, { restart: { maxAttempts: 5 } }],
    [{ ttlSeconds: 60 }, { ttlSeconds: 60 }],
    [
      { publish: ["8080:80"], env: { A: "1" } },
      { ports: ["8080:80"], variables: { A: "1" } },
    ],
    [
      { network: "none", profile: "strict", user: "7:7" },
      { network: "none", profile: "strict", user: "7:7" },
    ],
  ])("%j becomes what it says", (flat, workload) => {
    expect(toServiceSpec(parse(flat))).toEqual(defineWorkload({ ...service, ...workload }));
  });

  test("keeps the image's user, unless it can write to a host path", () => {
    const bind = (readOnly: boolean | undefined) => ({
      mounts: [{ type: "bind", source: "/srv", target: "/srv", readOnly }],
    });
    expect(toServiceSpec(parse(bind(undefined))).user).toBeUndefined();
    expect(toServiceSpec(parse(bind(true))).user).toBeUndefined();
    expect(toServiceSpec(parse(bind(false))).user).toBe(`${process.getuid?.()}:${process.getgid?.()}`);
  });

  test("has the fields of jobs, but neither input nor an end", () => {
    const fields = Object.keys(serviceFields().shape);
    expect(fields).toEqual(expect.arrayContaining(Object.keys(sharedFields())));
    for (const field of ["stdin", "stdinEncoding", "timeoutSeconds", "detach"]) expect(fields).not.toContain(field);
  });

  test.each<[object, string]>([
    [{ name: undefined }, "name"],
    [{ name: "Web" }, "name"],
    [{ image: undefined }, "give one source of the image"],
    [{ healthRetries: 3 }, "The numbers of a health check need its healthCommand."],
    [{ healthCommand: "true", healthIntervalSeconds: 1 }, "healthIntervalSeconds"],
    [{ restartAttempts: 6 }, "restartAttempts"],
    [{ restartAttempts: 0 }, "restartAttempts"],
    [{ publish: ["80:80"], network: "none" }, "Ports cannot be published on network none."],
    [{ timeoutSeconds: 1 }, "timeoutSeconds"],
  ])("%j does not parse, and says why", (input, problem) => {
    expect(problemsOf(input).join("\n")).toContain(problem);
  });
});
