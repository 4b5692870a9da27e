{
  "name": "network_remove",
  "title": "Remove a network that nothing is on",
  "description": "Removes a network for good. Use it when the containers that shared it are gone; use gc to remove all that are no longer used. It is refused while any container is on it, also one that does not run: that one could not be started again, so remove it first with container_rm. Networks of the engine's own stay. Removing one that vanished in the meantime succeeds.",
  "inputSchema": {
    "type": "object",
    "required": [
      "network"
    ],
    "additionalProperties": false,
    "properties": {
      "network": {
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
          "internal": {
            "type": "boolean"
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
