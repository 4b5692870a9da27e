{
  "name": "container_files_put",
  "title": "Put files into a container",
  "description": "Writes files into a container that cos made, running or not: small ones given as `files`, or what `source` names on this machine. Use it to change what exists; use `files` of container_run for what a job needs, container_files_get to read. A file replaces a file or link of its name, never a directory; nothing else is removed. Files belong to the container's user if it is a number, else to root. A read-only root or volume, a host path or a tmpfs cannot be written to. What was written before a failure stays.",
  "inputSchema": {
    "type": "object",
    "required": [
      "container",
      "path"
    ],
    "additionalProperties": false,
    "properties": {
      "container": {
        "type": "string",
        "description": "Its name, or 12 or more digits of its id."
      },
      "path": {
        "type": "string",
        "description": "Absolute path of a directory; with `source` also a new name in one."
      },
      "files": {
        "description": "Files to write, 1 MiB together.",
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "path": {
              "type": "string",
              "description": "Relative to `path`; missing directories are made."
            },
            "content": {
              "type": "string",
              "description": "Content; secret://NAME stands for a secret."
            },
            "encoding": {
              "default": "utf8",
              "description": "How `content` is written.",
              "type": "string",
              "enum": [
                "utf8",
                "base64"
              ]
            },
            "mode": {
              "default": "644",
              "description": "Permission bits in octal.",
              "type": "string"
            }
          },
          "required": [
            "path",
            "content"
          ],
          "additionalProperties": false
        }
      },
      "source": {
        "description": "File or directory of this machine, below a configured root.",
        "type": "string"
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
          "containerId": {
            "type": "string"
          },
          "name": {
            "type": "string"
          },
          "path": {
            "type": "string"
          },
          "written": {
            "type": "integer"
          },
          "bytes": {
            "type": "integer"
          },
          "skipped": {
            "type": "array",
            "items": {
              "type": "object"
            }
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
