{
  "name": "volume_remove",
  "title": "Remove a volume and its data",
  "description": "Removes a volume with everything in it; nothing brings that back. Use it when the data is no longer needed; mount it in a job first to copy what is. It is refused while any container mounts it, also one that does not run: the answer names them, to be removed with container_rm. Anonymous volumes go with their containers and need no removal. Removing one that vanished in the meantime succeeds.",
  "inputSchema": {
    "type": "object",
    "required": [
      "volume"
    ],
    "additionalProperties": false,
    "properties": {
      "volume": {
        "type": "string",
        "description": "The volume's whole name, or the name it was given in cos."
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
          "name": {
            "type": "string"
          },
          "createdAt": {
            "type": "string"
          },
          "ownership": {
            "type": "string"
          },
          "owner": {
            "type": "string"
          },
          "purpose": {
            "type": "string"
          },
          "project": {
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
