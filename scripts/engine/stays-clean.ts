// Global setup of the tests that use an engine: fails the run when they leave something behind on it.
import { json } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";

import { sendRequest } from "./client.ts";

/** How long what is removed off a test's time may take after the last one, in milliseconds. */
const patienceMs = 15_000;

interface Listed {
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly Id?: string;
  readonly Name?: string;
  readonly Names?: readonly string[];
  readonly RepoTags?: readonly string[] | null;
  readonly Volumes?: readonly Listed[] | null;
}

/** What tests make carries one of these labels; others may use the engine meanwhile. */
const labels = ["cos.managed", "user.test"];

/** What there is on the engine of what tests make: in words, by what it is known by. */
type Objects = ReadonlyMap<string, string>;

/** Notes what there is, and returns what compares it at the end. */
export default async function watchOverEngine(): Promise<() => Promise<void>> {
  const before = await listObjects();
  return async () => {
    let left: readonly string[] = [];
    for (const giveUpAt = performance.now() + patienceMs; ; await delay(250)) {
      left = [...(await listObjects())].flatMap(([id, what]) => (before.has(id) ? [] : [what]));
      if (left.length === 0) return;
      if (performance.now() > giveUpAt) break;
    }
    throw new Error(`the tests left behind on the engine: ${left.join(", ")}`);
  };
}

async function listObjects(): Promise<Objects> {
  const [containers, networks, volumes, images] = await Promise.all([
    list<Listed[]>("/containers/json?all=1"),
    list<Listed[]>("/networks"),
    list<Listed>("/volumes"),
    list<Listed[]>("/images/json"),
  ]);
  const ours = (objects: readonly Listed[]) =>
    objects.filter(({ Labels }) => labels.some((label) => Labels?.[label] !== undefined));
  return new Map([
    ...ours(containers).map(({ Id = "", Names }) => [Id, `the container ${Names?.[0] ?? Id}`] as const),
    ...ours(networks).map(({ Id = "", Name }) => [Id, `the network ${Name ?? Id}`] as const),
    ...ours(volumes.Volumes ?? []).map(({ Name = "" }) => [`volume ${Name}`, `the volume ${Name}`] as const),
    ...ours(images).map(({ Id = "", RepoTags }) => [Id, `the image ${RepoTags?.[0] ?? Id}`] as const),
  ]);
}

async function list<T>(path: string): Promise<T> {
  const url = process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock";
  const certificates = process.env["DOCKER_CERT_PATH"];
  const endpoint = { url, ...(certificates === undefined ? {} : { certificates }) };
  const response = await sendRequest(endpoint, "GET", path);
  return (await json(response)) as T;
}
