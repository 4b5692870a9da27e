{
  "name": "container_recreate",
  "title": "Replace a service by a new one like it",
  "description": "Replaces the container of a service by a new one with the same fields, which its own labels tell. Use it to take a newer image, with `pull` from its registry, or to be rid of files that piled up in it; use container_restart to keep the container, and container_ensure with `recreate` to change its fields. The new one is made beside the old one and must survive its first second, or become healthy; else the old one is put back. Files outside named volumes and host paths, the log and anonymous volumes are lost. Only services that this installation made can be recreated.",
  "inputSchema": {
    "type": "object",
    "required": [
      "container"
    ],
    "additionalProperties": false,
    "properties": {
      "container": {
        "type": "string",
        "description": "Its name, or 12 or more digits of its id."
      },
      "pull": {
        "default": false,
        "description": "Pull the image anew; otherwise the one that is here is used.",
        "type": "boolean"
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
          "status": {
            "type": "string"
          },
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
          },
          "health": {
            "type": "string"
          },
          "drift": {
            "type": "array",
            "items": {
              "type": "object"
            }
          },
          "hint": {
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
