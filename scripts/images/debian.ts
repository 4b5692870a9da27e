import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Whether file systems can be built from Debian's packages here. */
export function canBuildFromDebian(): boolean {
  return process.getuid?.() === 0 && existsSync(keyring) && /^ID="?debian"?$/m.test(osRelease());
}

/** Whether packages of this machine's own distribution can be unpacked. */
export function hasApt(): boolean {
  return existsSync("/usr/bin/apt-get");
}

function osRelease(): string {
  return existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
}

let tools: Promise<void> | undefined;

/** Unpacks packages and what they depend on into a tar file, completed by the hook. The same packages give the same bytes. */
export async function buildFileSystem(
  tar: string,
  suite: string,
  packages: readonly string[],
  hook: string,
): Promise<void> {
  await (tools ??= installTools());
  const hooks = [join(here, "hooks/base.sh"), hook].map(
    (path) => `--extract-hook=sh '${path.replaceAll("'", `'\\''`)}' "$1"`,
  );
  const base = ["base-files", "base-passwd", "busybox-static"];
  await run(
    "mmdebstrap",
    [
      "--quiet",
      "--format=tar",
      "--mode=root",
      "--variant=extract",
      "--skip=output/dev,cleanup/run",
      `--keyring=${keyring}`,
      // Mirrors that stand still are old by what they say of themselves; their signatures are checked all the same.
      '--aptopt=Acquire::Check-Valid-Until "false"',
      "--setup-hook=/usr/share/mmdebstrap/hooks/merged-usr/setup00.sh",
      `--include=${[...base, ...packages].join(",")}`,
      ...hooks,
      suite,
      tar,
      await findMirror(),
    ],
    { env: { ...process.env, SOURCE_DATE_EPOCH: "0" }, maxBuffer: 1 << 24 },
  );
}

async function installTools(): Promise<void> {
  if (existsSync("/usr/bin/mmdebstrap")) return;
  const apt = spawn(join(here, "../apt.sh"), ["mmdebstrap"], { stdio: ["ignore", "ignore", "inherit"] });
  const [status] = (await once(apt, "exit")) as [number | null];
  if (status !== 0) throw new Error("mmdebstrap could not be installed");
}

/** The Debian mirror that this machine uses itself. */
async function findMirror(): Promise<string> {
  const format = "$(ORIGIN) $(COMPONENT) $(RELEASE) $(REPO_URI)";
  const { stdout } = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  const mirror = /^Debian main [^\s/-]+ (\S+)$/m.exec(stdout)?.[1];
  if (mirror === undefined) throw new Error("apt's sources name no Debian mirror; run apt-get update");
  return mirror;
}

/** The static busybox of this machine, or one that is only unpacked, not installed. */
export async function findStaticBusybox(cache: string): Promise<Buffer> {
  const status = await run("dpkg-query", ["-W", "-f", "${db:Status-Status}", "busybox-static"]).catch(() => undefined);
  if (status?.stdout === "installed") return readFileSync("/bin/busybox");
  const folder = await mkdtemp(join(cache, "busybox-"));
  try {
    const download = () =>
      run("apt-get", ["download", "-qq", "-o", "APT::Sandbox::User=", "busybox-static"], {
        cwd: folder,
      });
    await download().catch(async () => {
      await run("apt-get", ["update", "-qq"]).catch(() => undefined);
      await download();
    });
    await run("sh", ["-c", "dpkg-deb -x ./*.deb ."], { cwd: folder });
    return readFileSync([join(folder, "bin/busybox"), join(folder, "usr/bin/busybox")].find(existsSync) ?? "");
  } finally {
    await rm(folder, { recursive: true });
  }
}
