import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, realpathSync, rmSync, statSync } from "node:fs";
import * as http from "node:http";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { createSigner, defineWorkload, type Engine, type JobRequest, type WorkloadInput } from "@cos/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { connectDocker } from "./connect.ts";
import { callEngine, containersWith, removeContainersWith } from "./testing/raw-engine.ts";
import { pack } from "./testing/zip.ts";

const testRun = `usable-${randomBytes(4).toString("hex")}`;
const label = `user.test=${testRun}`;
let engine: Engine;
let root: string;

beforeEach(async () => {
  engine = await connectDocker({ signer: createSigner(randomBytes(32)) });
  root = realpathSync(mkdtempSync(join(tmpdir(), "cos-usable-")));
});
afterEach(async () => {
  try {
    await engine.close();
    expect(await containersWith(label), "containers left behind").toEqual([]);
  } finally {
    await removeContainersWith(label);
    rmSync(root, { recursive: true, force: true });
  }
});

function job(image: string, spec: Partial<WorkloadInput>): JobRequest {
  const defaults = { env: { image }, pull: "never", timeoutSeconds: 50, labels: { "user.test": testRun } } as const;
  return { owner: "tester", hostRoots: [root], spec: defineWorkload({ ...defaults, ...spec }) };
}

interface Inspected {
  readonly Mounts: readonly { readonly Type: string; readonly Name: string; readonly Destination: string }[];
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

/** Runs a workload until `use` is done with it, then cancels it. */
async function whileServing<T>(
  request: JobRequest,
  use: (served: { port: number; address: string; container: Inspected }) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const result = engine.jobs.run(request, { signal: stop.signal });
  const ended = result.then(({ exitCode, stderr }) => {
    throw new Error(`it ended with ${exitCode}: ${stderr}`);
  });
  try {
    const serving = async () => {
      const [found] = await vi.waitFor(
        async () => {
          const [running] = (await engine.containers.list({ managed: true })).filter(
            ({ labels, ports }) => labels["user.test"] === testRun && ports.length > 0,
          );
          expect(running).toBeDefined();
          return [running];
        },
        { timeout: 20_000, interval: 50 },
      );
      expect(found?.ports.map(({ hostAddress }) => hostAddress)).toEqual(["127.0.0.1"]);
      const container = await callEngine<Inspected>("GET", `/containers/${found?.id}/json`);
      return await use({
        port: found?.ports[0]?.hostPort ?? 0,
        address: container.NetworkSettings.Networks["bridge"]?.IPAddress ?? "",
        container,
      });
    };
    return await Promise.race([serving(), ended]);
  } finally {
    stop.abort();
    await result.catch(() => undefined);
    await ended.catch(() => undefined);
  }
}

describe("profile sandbox", () => {
  test("runs a Python program as the image's own user, with a root file system to write to", async () => {
    const program =
      "import os, json; open('/written', 'w').write('x'); print(json.dumps([os.getuid(), sum(range(10)), os.listdir('/sys/class/net')]))";
    const result = await engine.jobs.run(job("cos-test/python:3.11", { command: ["python3", "-c", program] }));
    expect(result).toMatchObject({ exitCode: 0, stderr: "", stdout: '[0, 45, ["lo"]]\n' });
  });

  test("installs a Python package with network bridge", async () => {
    const wheel = pack({
      "cos_greeting.py": "def greet():\n    return 'hello from a wheel'\n",
      "cos_greeting-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: cos-greeting\nVersion: 1.0\n",
      "cos_greeting-1.0.dist-info/WHEEL":
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
      "cos_greeting-1.0.dist-info/RECORD":
        "cos_greeting.py,,\ncos_greeting-1.0.dist-info/METADATA,,\ncos_greeting-1.0.dist-info/WHEEL,,\ncos_greeting-1.0.dist-info/RECORD,,\n",
    });
    const file = "cos_greeting-1.0-py3-none-any.whl";
    const index = http.createServer((request, response) => {
      if (request.url === `/files/${file}`) response.end(wheel);
      else if (request.url === "/simple/cos-greeting/") {
        const digest = createHash("sha256").update(wheel).digest("hex");
        response.setHeader("content-type", "text/html").end(`<a href="/files/${file}#sha256=${digest}">${file}</a>`);
      } else response.writeHead(404).end();
    });
    const { IPAM } = await callEngine<{ IPAM: { Config: { Subnet: string; Gateway?: string }[] } }>(
      "GET",
      "/networks/bridge",
    );
    const [subnet] = IPAM.Config;
    // Engines leave out a gateway that is the first address of its subnet.
    const gateway = subnet?.Gateway ?? subnet?.Subnet.replace(/\.\d+\/\d+$/, ".1") ?? "";
    await new Promise<void>((resolve) => index.listen(0, gateway, resolve));
    try {
      const { port } = index.address() as net.AddressInfo;
      const install = `python3 -m pip install --quiet --disable-pip-version-check --index-url http://${gateway}:${port}/simple/ --trusted-host ${gateway} cos-greeting`;
      const command = `${install} && python3 -c 'import cos_greeting; print(cos_greeting.greet())'`;
      const result = await engine.jobs.run(job("cos-test/python:3.11", { command, network: "bridge" }));
      expect(result, result.stderr).toMatchObject({ exitCode: 0, stdout: "hello from a wheel\n" });
    } finally {
      index.closeAllConnections();
      await new Promise((resolve) => index.close(resolve));
    }
  });

  test("says what to change when a program needs the network", async () => {
    const command = ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://example.org')"];
    const result = await engine.jobs.run(job("cos-test/python:3.11", { command }));
    expect(result).toMatchObject({ exitCode: 1, hint: expect.stringContaining("network bridge") as string });
  });

  test("writes files to a bind mount that belong to the caller", async () => {
    const mounts: WorkloadInput["mounts"] = [{ type: "bind", source: root, target: "/out", readOnly: false }];
    const result = await engine.jobs.run(job("busybox", { command: "echo hello > /out/result", mounts }));
    expect(result, result.stderr).toMatchObject({ exitCode: 0 });
    const { uid, gid } = statSync(join(root, "result"));
    expect([uid, gid]).toEqual([process.getuid?.(), process.getgid?.()]);
  });

  test("does not write to a bind mount unless asked to", async () => {
    const mounts: WorkloadInput["mounts"] = [{ type: "bind", source: root, target: "/in" }];
    const result = await engine.jobs.run(job("busybox", { command: "echo hello > /in/result", mounts }));
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("Read-only file system") as string });
  });
});

describe("profile service", () => {
  test("runs nginx, which answers on a port of this machine only", async () => {
    const request = job("cos-test/nginx:1", { profile: "service", ports: ["0:80"] });
    const answer = await whileServing(request, async ({ port }) => {
      return await vi.waitFor(() => get(port), { timeout: 20_000, interval: 100 });
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatch(/nginx/i);
  });

  test("runs PostgreSQL on its declared volume, which is gone afterwards", async () => {
    const request = job("cos-test/postgres:15", {
      profile: "service",
      ports: ["0:5432"],
      variables: { POSTGRES_PASSWORD: "secret" },
    });
    const volume = await whileServing(request, async ({ address, container }) => {
      const [mount] = container.Mounts;
      expect(container.Mounts).toHaveLength(1);
      expect(mount).toMatchObject({ Type: "volume", Destination: "/var/lib/postgresql/data" });
      const query = 'for i in $(seq 100); do psql -Atc "select 6 * 7" && exit 0; sleep 0.2; done; exit 1';
      const variables = { PGHOST: address, PGUSER: "postgres", PGPASSWORD: "secret" };
      const asked = await engine.jobs.run(
        job("cos-test/postgres:15", { command: query, network: "bridge", variables }),
      );
      expect(asked, asked.stderr).toMatchObject({ exitCode: 0, stdout: "42\n" });
      return mount?.Name ?? "";
    });
    await engine.close();
    const { Volumes } = await callEngine<{ Volumes: { Name: string }[] | null }>("GET", "/volumes");
    expect(volume).toMatch(/^[0-9a-f]{64}$/);
    expect((Volumes ?? []).map(({ Name }) => Name)).not.toContain(volume);
  });
});

describe("profile strict", () => {
  test("runs as nobody on a root file system that cannot be written, with a /tmp that can", async () => {
    const command =
      "id -u; echo x > /tmp/file && cat /tmp/file; echo x > /file; grep -E 'CapEff|NoNewPrivs' /proc/self/status; exit 0";
    const result = await engine.jobs.run(job("busybox", { command, profile: "strict" }));
    expect(result.stdout.replaceAll("\t", " ")).toBe("65534\nx\nCapEff: 0000000000000000\nNoNewPrivs: 1\n");
    expect(result.stderr).toMatch(/file: Read-only file system/);
  });
});

async function get(port: number): Promise<{ status: number | undefined; body: string }> {
  return await new Promise((resolve, reject) => {
    const request = http.get({ host: "127.0.0.1", port, agent: false }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode, body }), reject);
    });
    request.on("error", reject);
  });
}
