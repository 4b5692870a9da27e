{
  "name": "image_build",
  "title": "Build an image and name it",
  "description": "Builds an image under a `tag` that later container_run and container_ensure calls can use. Use it when several calls need the image; a single job can build with the same fields of container_run. Give one source: a `buildContext` directory, with its Dockerfile or an `inlineDockerfile`; an `inlineDockerfile` alone; or a `base` with `provision`. Content built before is found again (`cached`). Steps run with network, 2 GB of memory and 2 CPUs, for 30 minutes at most. A tag on another image moves only if you built that one under it; else the build is refused.",
  "inputSchema": {
    "type": "object",
    "required": [
      "tag"
    ],
    "additionalProperties": false,
    "properties": {
      "tag": {
        "type": "string",
        "description": "Its name, e.g. app:1, or with the registry to push it to."
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
      "labels": {
        "description": "Labels of your own, named user.*.",
        "type": "object",
        "additionalProperties": {
          "type": "string"
        }
      },
      "project": {
        "description": "Groups workloads that belong together.",
        "type": "string"
      },
      "purpose": {
        "description": "What it is for, in words.",
        "type": "string"
      },
      "pull": {
        "default": "missing",
        "description": "When to pull the images it starts from.",
        "type": "string",
        "enum": [
          "missing",
          "always",
          "never"
        ]
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
          "tags": {
            "type": "array",
            "items": {
              "type": "string"
            }
          },
          "digests": {
            "type": "array",
            "items": {
              "type": "string"
            }
          },
          "createdAt": {
            "type": "string"
          },
          "sizeBytes": {
            "type": "number"
          },
          "ownership": {
            "type": "string"
          },
          "owner": {
            "type": "string"
          },
          "builtAs": {
            "type": "string"
          },
          "purpose": {
            "type": "string"
          },
          "project": {
            "type": "string"
          },
          "labels": {
            "type": "object"
          },
          "tag": {
            "type": "string"
          },
          "cached": {
            "type": "boolean"
          },
          "durationMs": {
            "type": "number"
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
