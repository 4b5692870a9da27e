import { type Caller, openControlPlane } from "@cos/control-plane";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { offerFixtures } from "../testing/conformance/fixtures.ts";
import { type Check, judge, listScenarios } from "../testing/conformance/suite.ts";
import { type HttpProcess, startHttp } from "../testing/http-process.ts";
import { type Installation, makeInstallation } from "../testing/installation.ts";
import { anybodyAs } from "./authenticate.ts";
import { serveHttp } from "./serve-http.ts";

const scenarios = await listScenarios();
let installation: Installation;

beforeAll(() => {
  installation = makeInstallation();
});
afterAll(() => installation.remove());

/** What is wrong, and not merely noted. */
const faults = (checks: readonly Check[] | undefined) =>
  checks
    ?.filter(({ status }) => status === "FAILURE" || status === "WARNING")
    .map(({ status, id, errorMessage }) => `${status} ${id}: ${errorMessage}`);

describe("the public conformance suite finds nothing wrong with the server as it is", () => {
  let server: HttpProcess;
  beforeAll(async () => {
    server = await startHttp({ env: installation.env });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const needNothing = [
    "server-initialize",
    "ping",
    "logging-set-level",
    "tools-list",
    "prompts-list",
    "resources-list",
    "server-sse-multiple-streams",
    "dns-rebinding-protection",
  ];
  test.each(needNothing)("in %s", async (scenario) => {
    const checks = (await judge(server.url, scenario)).get(scenario);
    expect(checks).not.toEqual([]);
    expect(faults(checks)).toEqual([]);
  });
});

describe("with the tools, resources and prompts that it asks for, it finds nothing wrong with the transport either", () => {
  let judged: ReadonlyMap<string, readonly Check[]>;
  beforeAll(async () => {
    const caller: Caller = { kind: "http", name: "agent", hostRoots: [] };
    await using controlPlane = openControlPlane({ writer: "mcp", env: installation.env });
    const parts = { controlPlane, engines: ["local"], extend: offerFixtures };
    await using server = await serveHttp(parts, { host: "127.0.0.1", port: 0, authenticate: anybodyAs(caller) });
    judged = await judge(server.url);
  });

  test.each(scenarios)("in %s", (scenario) => {
    expect(judged.get(scenario)).toContainEqual(expect.objectContaining({ status: "SUCCESS" }));
    expect(faults(judged.get(scenario))).toEqual([]);
  });
});
