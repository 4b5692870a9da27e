import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { CosError, createSigner, parseWith, type Signer } from "@cos/core";
import * as z from "zod";

const keyFile = z.strictObject({
  key: z.string().regex(/^[0-9a-f]{64}$/),
  retired: z.array(z.string().regex(/^[0-9a-f]{64}$/)).default([]),
});

/** Where this installation of cos keeps what is its own. */
export interface Paths {
  /** The file with the installation's key: `COS_KEY_FILE`, or `key.json` in the user's config directory. */
  readonly keyFile: string;
  /** The directory of the audit log: `COS_AUDIT_DIR` or `AUDIT_DIR`, or one in the user's state directory. */
  readonly auditDirectory: string;
}

/** Finds them from the environment. An empty variable counts as unset, and so does a relative `XDG_` directory. */
export function findPaths(env: NodeJS.ProcessEnv): Paths {
  const home = env["HOME"] || homedir();
  const config = absolute(env["XDG_CONFIG_HOME"]) ?? join(home, ".config");
  const state = absolute(env["XDG_STATE_HOME"]) ?? join(home, ".local", "state");
  return {
    keyFile: env["COS_KEY_FILE"] || join(config, "cos", "key.json"),
    auditDirectory: env["COS_AUDIT_DIR"] || env["AUDIT_DIR"] || join(state, "cos", "audit"),
  };
}

function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

/**
 * The signer of this installation. Its key is made once, readable by the user alone, when there is none.
 *
 * @throws CosError `failed_precondition` when the file cannot be read or made, is readable by others, or is damaged.
 */
export function openSigner(file: string): Signer {
  const { key, retired } = parseKey(file, readKey(file) ?? makeKey(file));
  return createSigner(
    Buffer.from(key, "hex"),
    retired.map((text) => Buffer.from(text, "hex")),
  );
}

function readKey(file: string): string | undefined {
  try {
    if ((statSync(file).mode & 0o077) !== 0) {
      throw new CosError("failed_precondition", `The key ${file} can be read by other users.`, {
        hint: `chmod 600 ${file}`,
      });
    }
    return readFileSync(file, "utf8");
  } catch (cause) {
    if (CosError.is(cause)) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new CosError("failed_precondition", `The key ${file} cannot be read.`, { cause });
  }
}

/** Several processes may start at once: the first to link its file wins, and all use the winner's. */
function makeKey(file: string): string {
  const text = `${JSON.stringify({ key: randomBytes(32).toString("hex"), retired: [] })}\n`;
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(draft, text, { mode: 0o600, flag: "wx" });
    try {
      linkSync(draft, file);
      return text;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      return readFileSync(file, "utf8");
    } finally {
      unlinkSync(draft);
    }
  } catch (cause) {
    throw new CosError("failed_precondition", `The key ${file} cannot be made.`, {
      hint: "Set COS_KEY_FILE to a file in a directory that you can write.",
      cause,
    });
  }
}

function parseKey(file: string, text: string): z.output<typeof keyFile> {
  try {
    return parseWith(keyFile, JSON.parse(text), `key file ${file}`);
  } catch (cause) {
    throw new CosError("failed_precondition", `The key file ${file} is damaged.`, {
      hint: "Restore it from a backup. Without it, cos does not recognise what it made before.",
      cause,
    });
  }
}
