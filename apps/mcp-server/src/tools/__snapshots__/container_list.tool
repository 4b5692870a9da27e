{
  "name": "container_list",
  "title": "List containers",
  "description": "Lists the containers of the engine: running ones, or with `all` those in every state. Managed ones, which cos made and can vouch for, are told apart from other installations' (foreign) and from everything else (unmanaged). Agents see their own and unmanaged containers. Use it to see what runs and to find a container's id, state or published ports. It changes nothing.",
  "inputSchema": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "all": {
        "default": false,
        "description": "Also those that are not running.",
        "type": "boolean"
      },
      "managed": {
        "default": false,
        "description": "Only what this installation of cos made.",
        "type": "boolean"
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
          "containers": {
            "type": "array",
            "items": {
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
                }
              }
            }
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
