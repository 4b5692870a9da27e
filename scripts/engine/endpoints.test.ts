import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { listEndpoints } from "./endpoints.ts";

let config: string;
beforeEach(() => {
  config = mkdtempSync(join(tmpdir(), "cos-docker-config-"));
});
afterEach(() => {
  rmSync(config, { recursive: true });
});

function defineContext(name: string, host: string): void {
  const folder = join(config, "contexts/meta", createHash("sha256").update(name).digest("hex"));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "meta.json"), JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }));
}

describe("listEndpoints", () => {
  it("looks nowhere else when DOCKER_HOST is set", () => {
    const endpoints = listEndpoints({ DOCKER_CONFIG: config, DOCKER_HOST: "tcp://192.0.2.1:2375" });
    expect(endpoints).toEqual([{ url: "tcp://192.0.2.1:2375", origin: "DOCKER_HOST", chosen: true }]);
  });

  it("finds the certificates of DOCKER_HOST where DOCKER_CERT_PATH says", () => {
    const tls = { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/certs" };
    const [endpoint] = listEndpoints({ DOCKER_CONFIG: config, DOCKER_HOST: "tcp://192.0.2.1:2376", ...tls });
    expect(endpoint?.certificates).toBe("/certs");
  });

  it("prefers the current context to the usual sockets", () => {
    defineContext("desk", "unix:///desk.sock");
    writeFileSync(join(config, "config.json"), JSON.stringify({ currentContext: "desk" }));
    const urls = listEndpoints({ DOCKER_CONFIG: config, XDG_RUNTIME_DIR: "/run/me" }).map(({ url }) => url);
    expect(urls.slice(0, 3)).toEqual([
      "unix:///desk.sock",
      "unix:///var/run/docker.sock",
      "unix:///run/me/docker.sock",
    ]);
    expect(urls).toContain("unix:///run/me/podman/podman.sock");
  });

  it("does not count the usual sockets as the user's choice", () => {
    expect(listEndpoints({ DOCKER_CONFIG: config }).filter(({ chosen }) => chosen)).toEqual([]);
  });
});
