{
  "name": "container_rm",
  "title": "Remove a container",
  "description": "Removes a container for good: its files outside named volumes, its log and its anonymous volumes go with it. Use it for what is needed no more; use container_stop to end it and keep it. A running container is refused unless `force` is set, which kills it first. Named volumes and the image stay.",
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
      "force": {
        "default": false,
        "description": "Also when it runs: it is killed first.",
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
    "destructiveHint": true,
    "idempotentHint": false,
    "openWorldHint": false
  }
}
