{
  "name": "container_start",
  "title": "Start a container",
  "description": "Starts a container that was stopped, has ended, or was made by container_create, and waits until it has survived its first second, or is healthy when it was given a health check. Use it after container_stop; use container_ensure to have a service whether it exists or not, and container_restart for one that runs. It fails with the exit code and the end of the log when the container ends at once, and leaves it there. Starting one that runs changes nothing; a job runs only once.",
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
