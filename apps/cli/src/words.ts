import { serviceWords, workloadWords } from "./workload-words.ts";

/** How an operation is said on the command line. What is not said here derives from the operation itself. */
export interface Words {
  /** The command's words; by default the operation's name cut at the underscores. */
  readonly command?: string;
  /** What a flag `--watch` says that does it again and again; no such flag unless set. */
  readonly watch?: string;
  /** Fields given without a flag, in order. */
  readonly positionals?: readonly string[];
  /** The field that takes everything after `--`. */
  readonly rest?: string;
  /** Flags by field: another long name, a short one, or both, e.g. `-e, --env`. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Fields of objects or texts that the command reads as texts, and translates itself. */
  readonly texts?: readonly string[];
  /** What the help says instead of the operation's description and, by field, of its fields'. */
  readonly description?: string;
  readonly help?: Readonly<Record<string, string>>;
  /** Whether somebody can talk with what it runs. */
  readonly interactive?: boolean;
  readonly examples?: readonly string[];
}

export const words: Readonly<Record<string, Words>> = {
  container_run: {
    command: "run",
    positionals: ["image"],
    rest: "command",
    interactive: true,
    description:
      "Runs a job in a new container, streams its output and exits with its exit code; with --detach it prints the container's name and id as soon as the job runs, and leaves it. The job is sandboxed: no network, no capabilities, 2 GB of memory, 2 CPUs, 512 processes, unless flags say otherwise. The image is pulled (IMAGE), built (--build-context, --inline-dockerfile) or prepared (--base, --provision). The container is removed afterwards; that of a detached job stays with its log until an hour after its end. Exit codes of its own: 124 timed out, 125 cos failed or refused, 126 and 127 the command could not be started.",
    help: {
      ...workloadWords.help,
      stdin: 'Standard input: "-" for cos\'s own, the name of a file, or the text itself.',
      timeoutSeconds: "Seconds after which the job is killed. [none]",
      files:
        "SRC:DEST: a file of this machine, or secret://NAME, that the job finds at DEST; 1 MiB together. May be repeated.",
      artifacts:
        "PATH[:LOCAL]: a file or directory that the job leaves, written below the working directory as LOCAL or by its own name, over files only. May be repeated.",
      detach: "Print the container as soon as the job runs, and leave it; cos logs reads its output.",
    },
    texts: ["files"],
    flags: {
      ...workloadWords.flags,
      timeoutSeconds: "--timeout",
      detach: "-d, --detach",
      files: "--file",
      artifacts: "--artifact",
    },
    examples: [
      'cos run busybox --cmd "echo hello && date"',
      "cos run -it busybox",
      "cos run python:3.12-slim --timeout 30 -- python -c 'print(6 * 7)'",
      "cos run alpine --stdin - --cmd 'wc -l' < file.txt",
      "cos run node:22 --mount type=bind,source=.,target=/src --workdir /src -- node --test",
      "cos run python:3.12-slim --file job.py:/app/job.py --artifact /app/out.csv -- python /app/job.py",
      "cos run --detach --name nightly --timeout 3600 busybox --cmd './backup.sh'",
      'cos run --base debian:12 --provision "apt-get update && apt-get install -y jq" --stdin - --cmd "jq ." < data.json',
    ],
  },
  container_ensure: {
    ...serviceWords,
    command: "ensure",
    description:
      "Finds or makes the service NAME, the container cos-NAME, sees that it runs, and says what was done. One that is not as asked for stays as it is, each differing field is shown, and the exit code is 3; --recreate replaces it, at the loss of its files outside volumes and host paths. What was started must survive its first second, or become healthy when --health-cmd is given; else a new container is removed again and a replaced one put back. Services have the network bridge and the capabilities that servers need, unless flags say otherwise.",
    examples: [
      "cos ensure web nginx:1.29 --publish 8080:80",
      "cos ensure db postgres:17 -e POSTGRES_PASSWORD=secret://db --mount type=volume,name=db,target=/var/lib/postgresql/data --health-cmd 'pg_isready -U postgres'",
      "cos ensure web nginx:1.30 --publish 8080:80 --recreate",
    ],
  },
  container_create: {
    ...serviceWords,
    command: "create",
    examples: ["cos create web nginx:1.29 --publish 8080:80 && cos start web"],
  },
  container_start: { command: "start", positionals: ["container"], examples: ["cos start web"] },
  container_recreate: {
    command: "recreate",
    positionals: ["container"],
    examples: ["cos recreate web", "cos recreate --pull web"],
  },
  container_exec: {
    command: "exec",
    positionals: ["container"],
    rest: "command",
    interactive: true,
    description:
      "Runs a command in a container that runs, streams its output and exits with its exit code. After --timeout, and on Ctrl-C (which -t passes on), it is killed in the container with everything that it has started. Exit codes of its own: 124 timed out, 125 cos failed or refused.",
    help: {
      command:
        "Shell command line, run by the container's /bin/sh -c. To run a program with arguments, put it after --.",
      stdin: 'Standard input: "-" for cos\'s own, the name of a file, or the text itself.',
      env: "Environment variable; NAME alone takes its value from here. May be repeated.",
      timeoutSeconds: "Seconds after which it is killed with everything that it has started. [30; none with -i or -t]",
    },
    flags: {
      command: "-c, --cmd",
      env: "-e, --env",
      user: "-u, --user",
      workingDir: "-w, --workdir",
      timeoutSeconds: "--timeout",
    },
    examples: [
      "cos exec web -- nginx -t",
      "cos exec -it web -- sh",
      "cos exec db --user postgres --cmd \"psql -c 'select 1'\"",
      "cos exec db --stdin - -- psql -U postgres < schema.sql",
    ],
  },
  container_list: { command: "ps", flags: { all: "-a, --all" } },
  container_inspect: { command: "inspect", positionals: ["container"], examples: ["cos inspect web"] },
  container_stats: {
    command: "stats",
    positionals: ["container"],
    examples: ["cos stats", "cos stats web"],
  },
  container_reap: {
    command: "reap",
    watch: "Do it again this often, every minute unless said, until Ctrl-C; say only what was done.",
    description:
      "Kills and removes managed containers that have outlived their time to live, and jobs that ended more than an hour ago; detached jobs that run past their own timeout are killed, and their log stays for an hour. Services and what runs in time always stay, and so does everything that cos did not make and sign here. Every command of cos does this too when it starts. See also cos gc.",
    help: { onlyExpired: "Remove also jobs that ended, or were made and never started, within the last hour." },
    examples: ["cos reap", "cos reap --no-only-expired", "cos reap --watch"],
  },
  container_logs: {
    command: "logs",
    positionals: ["container"],
    description:
      "Shows what a container wrote, each stream on its own: its last 100 lines, or those that flags choose. Attached jobs keep no log; run them with --detach to read it here.",
    help: {
      tail: "How many lines from the end, of those that the other flags let through; with --follow, before they do. [100, or with --since all]",
      since: 'Only what was written since then: ISO 8601, or how long ago, e.g. "15m".',
      until: "Only what was written until then; as --since.",
      grep: "Only lines that match this regular expression, in RE2's syntax.",
      ignoreCase: "Whether --grep takes upper and lower case as the same.",
      timestamps: "Begin each line with the time it was written at.",
      limitBytes:
        "Most bytes of the answer with --json, and of lines that are chosen from the end. [65536, or 1048576]",
      follow: "Go on until the container ends. With --json one object a line.",
    },
    flags: {
      tail: "-n, --tail",
      follow: "-f, --follow",
      ignoreCase: "-i, --ignore-case",
      timestamps: "-t, --timestamps",
    },
    examples: [
      "cos logs web",
      "cos logs --tail 20 --follow web",
      "cos logs --since 15m --grep 'error|warn' -i --stream stderr web",
    ],
  },
  container_wait: {
    command: "wait",
    positionals: ["container"],
    flags: { timeoutSeconds: "--timeout", ignoreCase: "-i, --ignore-case" },
    description:
      "Waits until a container has ended, and prints its exit code; or until it is healthy, or its log has a line that matches. Exit codes: 0 it has happened, 1 the container ended first, 124 the time was over.",
    help: {
      pattern: "With --until log: the regular expression that a line has to match, in RE2's syntax.",
      since: 'With --until log: lines written since then count, ISO 8601 or how long ago, e.g. "15m". [its last start]',
    },
    examples: [
      "cos wait job",
      "cos wait --until healthy --timeout 120 web",
      "cos wait --until log --pattern 'ready|listening' web",
    ],
  },
  container_files_get: {
    command: "files get",
    positionals: ["container", "path"],
    examples: ["cos files get web /etc/nginx/nginx.conf", "cos cp web:/var/log ./log"],
  },
  container_files_put: {
    command: "files put",
    positionals: ["container", "path"],
    help: {
      files: "path=NAME,content=TEXT[,encoding=base64][,mode=755]. May be repeated.",
    },
    flags: { files: "--file" },
    examples: [
      "cos files put web /etc --file path=motd,content=hello",
      "cos files put web /srv --source ./site",
      "cos cp ./site web:/srv",
    ],
  },
  container_stop: {
    command: "stop",
    positionals: ["container"],
    flags: { graceSeconds: "-t, --grace" },
    examples: ["cos stop web", "cos stop --grace 60 web"],
  },
  container_restart: {
    command: "restart",
    positionals: ["container"],
    flags: { graceSeconds: "-t, --grace" },
    examples: ["cos restart web"],
  },
  container_rm: {
    command: "rm",
    positionals: ["container"],
    flags: { force: "-f, --force" },
    examples: ["cos rm web", "cos rm --force --yes web"],
  },
  gc: {
    flags: { graceSeconds: "--grace" },
    description:
      "Removes managed leftovers: containers that ended, or were made and never started; networks that no container is on; cached images of --base with --provision, and images that lost their name to a newer build, if no container was made from them; with --images also those that have it. Each must have been so for an hour, or as --grace says. The exact list is shown first, and exactly that is removed after a yes. Nothing that runs or is paused is touched, nor anything that cos did not make and sign here, nor named volumes.",
    examples: ["cos gc --dry-run", "cos gc --grace 0 --yes", "cos gc --images"],
  },
  image_list: { command: "image ls" },
  image_pull: {
    positionals: ["image"],
    examples: ["cos image pull python:3.12-slim", "cos image pull --quiet ghcr.io/team/app:1.2"],
  },
  image_build: {
    positionals: ["buildContext"],
    help: {
      buildContext: "Directory with the Dockerfile and its files; .dockerignore counts.",
      base: "Image to start from; needs --provision.",
      provision: "Shell command that prepares the base image; may be repeated.",
      labels: "Label of your own, named user.*, e.g. user.team=web. May be repeated.",
      buildArguments: "Build argument; NAME alone takes its value from here. May be repeated.",
    },
    flags: {
      tag: "-t, --tag",
      dockerfile: "-f, --dockerfile",
      buildArguments: "--build-arg",
      buildTarget: "--target",
      labels: "-l, --label",
    },
    examples: [
      "cos image build --tag app:1 .",
      "cos image build --tag ghcr.io/team/app:1 --build-arg VERSION=1 --target release .",
      'cos image build --tag tools:1 --base debian:12 --provision "apt-get update && apt-get install -y jq"',
    ],
  },
  image_push: { positionals: ["tag"], examples: ["cos image push ghcr.io/team/app:1"] },
  image_remove: { command: "image rm", positionals: ["image"], examples: ["cos image rm app:1"] },
  volume_list: { command: "volume ls" },
  volume_create: {
    positionals: ["name"],
    examples: ['cos volume create cache --purpose "packages that builds share"'],
  },
  volume_remove: { command: "volume rm", positionals: ["volume"], examples: ["cos volume rm cache"] },
  network_list: { command: "network ls" },
  network_create: {
    positionals: ["name"],
    examples: ["cos network create backend", 'cos network create web --egress --purpose "the shop"'],
  },
  network_remove: { command: "network rm", positionals: ["network"], examples: ["cos network rm backend"] },
  engine_info: {
    command: "info",
    flags: { diskUsage: "--no-disk" },
    help: { diskUsage: "Do not measure what is on the disk." },
    examples: ["cos info", "cos info --no-disk"],
  },
  ping: { command: "ping" },
};
