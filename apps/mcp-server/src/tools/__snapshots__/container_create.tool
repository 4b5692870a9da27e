{
  "name": "container_create",
  "title": "Make a service without starting it",
  "description": "Makes the container of the service `name`, checks that the engine built what was asked for, and does not start it. Use it to prepare a service, e.g. to put files into it, and container_start to start it; use container_ensure to have it running at once. A name that is taken is refused (already_exists), also when the container is as asked for. It takes the same fields as container_ensure.",
  "inputSchema": {
    "type": "object",
    "required": [
      "name"
    ],
    "additionalProperties": false,
    "properties": {
      "name": {
        "type": "string",
        "description": "The service's name; its container and host name is cos-<name>."
      },
      "image": {
        "description": "Image to use, e.g. python:3.12.",
        "type": "string"
      },
      "command": {
        "description": "A string is run by /bin/sh -c instead of the entrypoint; a list is passed to the entrypoint.",
        "anyOf": [
          {
            "type": "string"
          },
          {
            "type": "array",
            "items": {
              "type": "string"
            }
          }
        ]
      },
      "base": {
        "description": "Image to start from; needs `provision`.",
        "type": "string"
      },
      "provision": {
        "description": "Shell commands that prepare `base`; cached.",
        "type": "array",
        "items": {
          "type": "string"
        }
      },
      "buildContext": {
        "description": "Directory to build from; .dockerignore counts.",
        "type": "string"
      },
      "dockerfile": {
        "description": "Path in the context; default Dockerfile.",
        "type": "string"
      },
      "inlineDockerfile": {
        "description": "Text of a Dockerfile.",
        "type": "string"
      },
      "buildArguments": {
        "description": "They show in the image's history.",
        "type": "object",
        "additionalProperties": {
          "type": "string"
        }
      },
      "buildTarget": {
        "description": "Stage to build.",
        "type": "string"
      },
      "entrypoint": {
        "description": "Replaces the image's entrypoint.",
        "type": "array",
        "items": {
          "type": "string"
        }
      },
      "env": {
        "description": "Environment variables; secret://NAME stands for a secret of the operator.",
        "type": "object",
        "additionalProperties": {
          "type": "string"
        }
      },
      "mounts": {
        "description": "What to mount.",
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "type": {
              "type": "string",
              "enum": [
                "volume",
                "tmpfs",
                "bind"
              ]
            },
            "name": {
              "type": "string",
              "description": "volume: Made when missing."
            },
            "target": {
              "type": "string",
              "description": "Absolute path in the container."
            },
            "readOnly": {
              "description": "volume: Default false; bind: Default true.",
              "type": "boolean"
            },
            "size": {
              "description": "tmpfs: Size, e.g. 64m.",
              "type": "string"
            },
            "source": {
              "type": "string",
              "description": "bind: Path below a configured root."
            }
          },
          "required": [
            "type",
            "target"
          ],
          "additionalProperties": false
        }
      },
      "publish": {
        "description": "Ports on 127.0.0.1, e.g. 8080:80.",
        "type": "array",
        "items": {
          "type": "string"
        }
      },
      "network": {
        "description": "none, bridge (default), or a managed network.",
        "type": "string"
      },
      "profile": {
        "description": "Hardening. service (default): the capabilities of servers; sandbox: none; strict: none, a read-only root, not as root.",
        "type": "string",
        "enum": [
          "sandbox",
          "service",
          "strict"
        ]
      },
      "cpus": {
        "description": "CPUs; default 2, at most the engine's.",
        "type": "number",
        "minimum": 0.01,
        "maximum": 1024
      },
      "memory": {
        "description": "Memory without swap, e.g. 512m; default 2g, at most the engine's.",
        "type": "string"
      },
      "pids": {
        "default": 512,
        "description": "Processes and threads.",
        "type": "integer",
        "maximum": 65536
      },
      "tmpfsSize": {
        "default": "64m",
        "description": "Size of each tmpfs that names none.",
        "type": "string"
      },
      "user": {
        "description": "User, e.g. 1000:1000; default: the image's, or yours when it can write to a host path.",
        "type": "string"
      },
      "workingDir": {
        "description": "Working directory; default: the image's.",
        "type": "string"
      },
      "project": {
        "description": "Groups workloads that belong together.",
        "type": "string"
      },
      "purpose": {
        "description": "What it is for, in words.",
        "type": "string"
      },
      "labels": {
        "description": "Labels of your own, named user.*.",
        "type": "object",
        "additionalProperties": {
          "type": "string"
        }
      },
      "pull": {
        "default": "missing",
        "description": "When to pull the image.",
        "type": "string",
        "enum": [
          "missing",
          "always",
          "never"
        ]
      },
      "healthCommand": {
        "description": "Healthy when it exits with 0. A string is run by /bin/sh -c.",
        "anyOf": [
          {
            "type": "string"
          },
          {
            "type": "array",
            "items": {
              "type": "string"
            }
          }
        ]
      },
      "healthIntervalSeconds": {
        "description": "Seconds between two checks. Default: 30.",
        "type": "integer",
        "minimum": 5,
        "maximum": 3600
      },
      "healthTimeoutSeconds": {
        "description": "Seconds a check may take. Default: 10.",
        "type": "integer",
        "maximum": 3600
      },
      "healthRetries": {
        "description": "Failed checks in a row until unhealthy. Default: 3.",
        "type": "integer",
        "maximum": 100
      },
      "healthStartPeriodSeconds": {
        "description": "Seconds at the start when failures do not count. Default: 0.",
        "type": "integer",
        "maximum": 3600
      },
      "restartAttempts": {
        "description": "How often to start it again when it fails. Default: 0.",
        "type": "integer",
        "maximum": 5
      },
      "ttlSeconds": {
        "description": "Seconds until it may be removed, running or not. Default: never.",
        "type": "integer",
        "maximum": 31536000
      },
      "confirmToken": {
        "type": "string",
        "description": "From a `confirm` answer to this same call."
      }
    }
  },
  "outputSchema": {
    "type": "object",
    "properties": {
      "status": {
        "type": "string",
        "enum": [
          "done",
          "confirm",
          "pending",
          "denied"
        ]
      },
      "result": {
        "type": "object",
        "properties": {
          "id": {
            "type": "string"
          },
          "name": {
            "type": "string"
          },
          "image": {
            "type": "string"
          },
          "state": {
            "type": "string"
          },
          "exitCode": {
            "type": "integer"
          },
          "ports": {
            "type": "array",
            "items": {
              "type": "string"
            }
          },
          "ownership": {
            "type": "string"
          },
          "owner": {
            "type": "string"
          }
        }
      },
      "preview": {
        "type": "object"
      },
      "confirmToken": {
        "type": "string"
      },
      "reference": {
        "type": "string"
      },
      "expiresInSeconds": {
        "type": "integer"
      }
    },
    "required": [
      "status"
    ]
  },
  "annotations": {
    "readOnlyHint": false,
    "destructiveHint": false,
    "idempotentHint": false,
    "openWorldHint": false
  }
}
