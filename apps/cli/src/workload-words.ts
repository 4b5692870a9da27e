/** How the fields are said that jobs and services have in common. */
export const workloadWords = {
  help: {
    image: "Image to run, e.g. python:3.12-slim.",
    command: "Shell command line, run by /bin/sh -c. To run a program with arguments, put it after --.",
    entrypoint: "Replaces the image's entrypoint; repeat for its arguments.",
    base: "Image to start from; needs --provision.",
    provision: "Shell command that prepares the base image; may be repeated. The result is cached.",
    env: "Environment variable; NAME alone takes its value from here. May be repeated.",
    mounts:
      "type=volume,name=NAME,target=PATH or type=bind,source=PATH,target=PATH[,readonly=false] or type=tmpfs,target=PATH[,size=64m]. May be repeated.",
    publish: "HOST:CONTAINER port on 127.0.0.1, e.g. 8080:80. May be repeated.",
    labels: "Label of your own, named user.*, e.g. user.team=web. May be repeated.",
  },
  flags: {
    command: "-c, --cmd",
    env: "-e, --env",
    user: "-u, --user",
    workingDir: "-w, --workdir",
    publish: "-p, --publish",
    memory: "-m, --memory",
    ttlSeconds: "--ttl",
    mounts: "--mount",
    labels: "-l, --label",
    buildArguments: "--build-arg",
    tmpfsSize: "--tmpfs-size",
  },
} as const;

/** How a service is said. */
export const serviceWords = {
  positionals: ["name", "image"],
  rest: "command",
  help: {
    ...workloadWords.help,
    image: "Image to run, e.g. nginx:1.29.",
    healthCommand: "Health check: a shell command line that exits with 0 when the service is healthy.",
  },
  flags: {
    ...workloadWords.flags,
    healthCommand: "--health-cmd",
    healthIntervalSeconds: "--health-interval",
    healthTimeoutSeconds: "--health-timeout",
    healthStartPeriodSeconds: "--health-start-period",
  },
} as const;
