import { fileURLToPath } from "node:url";

import type { ImageConfig } from "./archive.ts";

/** How an image comes into being when no registry has it. */
export interface Recipe {
  readonly reference: string;
  /** What a registry calls it or its closest relative; without one it is only built. */
  readonly upstream?: string;
  readonly config: ImageConfig;
  /** Debian packages; without them the image is the static busybox and nothing else. */
  readonly packages?: readonly string[];
  /** The Debian release that they are from; `bookworm` unless set. */
  readonly suite?: string;
  /** Script that completes the file system, whose root is its first argument. */
  readonly hook?: string;
}

const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const hook = (name: string) => fileURLToPath(new URL(`hooks/${name}.sh`, import.meta.url));

/** Every image that the demo and most tests use. */
export const recipes: readonly Recipe[] = [
  {
    reference: "busybox:latest",
    upstream: "busybox:latest",
    config: { Cmd: ["sh"] },
  },
  {
    reference: "cos-test/python:3.11",
    upstream: "python:3.11-slim",
    config: { Cmd: ["python3"], Env: [path, "LANG=C.UTF-8"] },
    packages: ["python3", "python3-pip", "ca-certificates"],
    hook: hook("python"),
  },
  {
    reference: "cos-test/node:24",
    upstream: "node:24-slim",
    config: {
      Cmd: ["node"],
      Env: [path, "NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt"],
    },
    packages: ["libstdc++6", "ca-certificates"],
    hook: hook("node"),
  },
  {
    reference: "cos-test/nginx:1",
    upstream: "nginx:1",
    config: {
      Cmd: ["nginx", "-g", "daemon off;"],
      Env: [path],
      ExposedPorts: { "80/tcp": {} },
      StopSignal: "SIGQUIT",
    },
    packages: ["nginx"],
    hook: hook("nginx"),
  },
  {
    reference: "cos-test/postgres:15",
    upstream: "postgres:15",
    config: {
      Entrypoint: ["docker-entrypoint.sh"],
      Cmd: ["postgres"],
      Env: [path.replace("=", "=/usr/lib/postgresql/15/bin:"), "LANG=C.UTF-8", "PGDATA=/var/lib/postgresql/data"],
      ExposedPorts: { "5432/tcp": {} },
      StopSignal: "SIGINT",
      Volumes: { "/var/lib/postgresql/data": {} },
    },
    packages: ["postgresql-15", "gosu", "libc-bin", "tzdata"],
    hook: hook("postgres"),
  },
];

/** Engines that run in a container, made only when they are asked for by name. */
const engineRecipes: readonly Recipe[] = [
  {
    reference: "cos-test/docker:26.1",
    config: { Cmd: ["dockerd"], Env: [path], Volumes: { "/var/lib/docker": {} } },
    packages: ["docker.io", "iptables", "tini", "ca-certificates"],
    suite: "trixie",
    hook: hook("engine"),
  },
  {
    reference: "cos-test/docker-28:28.5",
    config: { Cmd: ["dockerd"], Env: [path], Volumes: { "/var/lib/docker": {} } },
    packages: ["docker.io", "iptables", "tini", "ca-certificates"],
    suite: "sid",
    hook: hook("engine"),
  },
  {
    reference: "cos-test/podman:4.3",
    config: { Cmd: ["podman"], Env: [path], Volumes: { "/var/lib/containers": {} } },
    packages: [
      "podman",
      "crun",
      "conmon",
      "catatonit",
      "golang-github-containers-common",
      "netavark",
      "aardvark-dns",
      "iptables",
      "iproute2",
    ],
    hook: hook("engine"),
  },
];

/**
 * The recipes that the names mean, those of the demo and most tests without a name. A name is a reference or the part
 * that tells it apart: `python` is `cos-test/python:3.11`.
 * @throws Error for a name that means none
 */
export function chooseRecipes(names: readonly string[]): readonly Recipe[] {
  if (names.length === 0) return recipes;
  const all = [...recipes, ...engineRecipes];
  return names.map((name) => {
    const recipe = all.find(({ reference }) => reference === name || shortName(reference) === name);
    if (recipe) return recipe;
    throw new Error(`no image is called ${name}; there are ${all.map((r) => shortName(r.reference)).join(", ")}`);
  });
}

/** `cos-test/python:3.11` -> `python` */
export function shortName(reference: string): string {
  return reference.replace(/^.*\//, "").replace(/:.*$/, "");
}
