{
  "name": "container_inspect",
  "title": "Look at a container",
  "description": "Tells what may be known of one container: state and health, command, user, limits, mounts, networks with addresses, ports, hardening, and for managed ones what cos was asked for. Use it to find out why a container behaves as it does or how to reach it; use container_list to find containers, container_logs for what it wrote. Of variables only the names are told. Texts over 4096 characters and lists over 256 items are cut. It changes nothing.",
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
          "createdAt": {
            "type": "string"
          },
          "ports": {
            "type": "array",
            "items": {
              "type": "string"
            }
          },
          "networks": {
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
          "lifecycle": {
            "type": "string"
          },
          "purpose": {
            "type": "string"
          },
          "project": {
            "type": "string"
          },
          "expiresAt": {
            "type": "string"
          },
          "labels": {
            "type": "object"
          },
          "imageId": {
            "type": "string"
          },
          "startedAt": {
            "type": "string"
          },
          "finishedAt": {
            "type": "string"
          },
          "health": {
            "type": "string"
          },
          "restarts": {
            "type": "integer"
          },
          "oomKilled": {
            "type": "boolean"
          },
          "entrypoint": {
            "type": "array",
            "items": {
              "type": "string"
            }
          },
          "command": {
            "type": "array",
            "items": {
              "type": "string"
            }
          },
          "workingDir": {
            "type": "string"
          },
          "user": {
            "type": "string"
          },
          "variables": {
            "type": "array",
            "items": {
              "type": "string"
            }
          },
          "limits": {
            "type": "object"
          },
          "mounts": {
            "type": "array",
            "items": {
              "type": "object"
            }
          },
          "addresses": {
            "type": "array",
            "items": {
              "type": "object"
            }
          },
          "hardening": {
            "type": "object"
          },
          "logDriver": {
            "type": "string"
          },
          "ttlSeconds": {
            "type": "integer"
          },
          "specDigest": {
            "type": "string"
          },
          "spec": {
            "type": "object"
          },
          "shortened": {
            "type": "boolean"
          }
        }
      }
    },
    "required": [
      "status"
    ]
  },
  "annotations": {
    "readOnlyHint": true,
    "destructiveHint": false,
    "idempotentHint": true,
    "openWorldHint": false
  }
}
