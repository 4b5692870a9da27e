import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { CosError, type Engine } from "@cos/core";
import { connectDocker } from "@cos/docker";
import { checkEngine, type Finding } from "./engine-health.ts";
import { openTokensFile } from "./access-tokens/file.ts";
import { findHelperImage, findPaths } from "./installation.ts";
import { openKeys } from "./keys.ts";
import { loadPolicy } from "./policy-source.ts";
import { openSecretsTable } from "./secrets-table.ts";

/** Below this much free space on the engine's disk, pulls and builds soon fail. */
const lowDiskBytes = 2 * 1024 ** 3;

/**
 * Checks what a new user most often has to fix: the installation's own files, the engine, its versions, its limits and
 * its disk. Works without an engine, and changes nothing but making the installation's key when there is none.
 */
export async function diagnose(env: NodeJS.ProcessEnv = process.env): Promise<Finding[]> {
  const installation = [
    checkNode(process.versions.node),
    checkKey(env),
    await checkPolicy(env),
    ...(await checkSecrets(env)),
    ...checkTokens(env),
  ];
  let engine: Engine;
  try {
    engine = await connectDocker({ env, helperImage: findHelperImage(env) });
  } catch (error) {
    const { message, hint } = CosError.from(error);
    return [
      ...installation,
      { subject: "engine", status: "fail", message, ...(hint === undefined ? {} : { fix: hint }) },
    ];
  }
  try {
    const info = await engine.info();
    const local = engine.capabilities.localFiles;
    return [
      ...installation,
      ...checkEngine(info, engine.capabilities.limits),
      ...(local ? await checkDisk(info.dataRoot) : []),
    ];
  } finally {
    await engine.close();
  }
}

function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const supported = major > 20 || (major === 20 && minor >= 19);
  return supported
    ? { subject: "node", status: "ok", message: version }
    : { subject: "node", status: "fail", message: `${version} is too old`, fix: "Use Node.js 20.19 or later." };
}

function checkKey(env: NodeJS.ProcessEnv): Finding {
  const { keyFile } = findPaths(env);
  const existed = existsSync(keyFile);
  try {
    const { instance } = openKeys(keyFile).signer;
    return { subject: "key", status: "ok", message: `${existed ? "" : "made now: "}${keyFile}, instance ${instance}` };
  } catch (error) {
    const { message, hint } = CosError.from(error);
    return { subject: "key", status: "fail", message, ...(hint === undefined ? {} : { fix: hint }) };
  }
}

async function checkPolicy(env: NodeJS.ProcessEnv): Promise<Finding> {
  const { policyFile: file } = findPaths(env);
  try {
    const { rules } = await loadPolicy({ file });
    return {
      subject: "policy",
      status: "ok",
      message: `${rules.length} rules${file === undefined ? "" : `, with those of ${file}`}`,
    };
  } catch (error) {
    const { message, hint } = CosError.from(error);
    return { subject: "policy", status: "fail", message, ...(hint === undefined ? {} : { fix: hint }) };
  }
}

async function checkSecrets(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const { secretsFile: file } = findPaths(env);
  if (!existsSync(file)) return [];
  try {
    const all = await openSecretsTable(file, env).list();
    const missing = all.filter(({ problem }) => problem !== undefined).map(({ name }) => name);
    return missing.length === 0
      ? [{ subject: "secrets", status: "ok", message: `${all.length}, in ${file}` }]
      : [
          {
            subject: "secrets",
            status: "warn",
            message: `cannot be had: ${missing.join(", ")}`,
            fix: "See: cos secrets check",
          },
        ];
  } catch (error) {
    const { message, hint } = CosError.from(error);
    return [{ subject: "secrets", status: "fail", message, ...(hint === undefined ? {} : { fix: hint }) }];
  }
}

function checkTokens(env: NodeJS.ProcessEnv): Finding[] {
  const { accessTokensFile: file } = findPaths(env);
  if (!existsSync(file)) return [];
  try {
    return [{ subject: "access tokens", status: "ok", message: `${openTokensFile(file).list().length}, in ${file}` }];
  } catch (error) {
    const { message, hint } = CosError.from(error);
    return [{ subject: "access tokens", status: "fail", message, ...(hint === undefined ? {} : { fix: hint }) }];
  }
}

async function checkDisk(dataRoot: string): Promise<Finding[]> {
  try {
    const { bavail, bsize } = await statfs(dataRoot);
    const gigabytes = `${((bavail * bsize) / 1024 ** 3).toFixed(1)} GiB free on ${dataRoot}`;
    return bavail * bsize >= lowDiskBytes
      ? [{ subject: "disk", status: "ok", message: gigabytes }]
      : [{ subject: "disk", status: "warn", message: gigabytes, fix: "Remove what you do not need: docker system df" }];
  } catch {
    // The engine's directory is not ours to see, e.g. inside Docker Desktop's machine.
    return [];
  }
}
