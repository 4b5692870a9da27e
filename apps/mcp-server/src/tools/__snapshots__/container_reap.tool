{
  "name": "container_reap",
  "title": "Remove expired containers",
  "description": "Kills and removes managed containers that have outlived their time to live, and jobs that ended more than an hour ago; detached jobs that run past their own timeout are killed, and their log stays for an hour. Set `onlyExpired` to false to remove also jobs that have only just ended; services and what runs in time always stay. cos does this by itself when it starts and every minute after that; use it to do so now, and gc to remove stopped services, networks and images too. Only containers with this installation's signature are touched, and agents remove only their own. One that cannot be removed is named in `failed`, and does not keep the others.",
  "inputSchema": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "onlyExpired": {
        "default": true,
        "description": "Whether jobs that ended, or were made and never started, are left alone for an hour.",
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
          "removed": {
            "type": "array",
            "items": {
              "type": "object"
            }
          },
          "killed": {
            "type": "array",
            "items": {
              "type": "object"
            }
          },
          "failed": {
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
    "destructiveHint": true,
    "idempotentHint": false,
    "openWorldHint": false
  }
}
