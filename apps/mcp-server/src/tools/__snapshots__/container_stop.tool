{
  "name": "container_stop",
  "title": "Stop a container",
  "description": "Asks a container to end, and kills it after `graceSeconds`. The container and its files stay, so that it can be started again. Use it to end a service for a while; use container_rm to remove it, container_restart to start it again. Stopping one that has ended succeeds.",
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
      "graceSeconds": {
        "default": 10,
        "description": "Seconds from asking it to end to killing it.",
        "type": "integer",
        "maximum": 3600
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
