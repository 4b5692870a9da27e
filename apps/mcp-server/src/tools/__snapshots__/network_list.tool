{
  "name": "network_list",
  "title": "List the engine's networks",
  "description": "Lists the networks of the engine, with whether anything outside each can be reached from it. Managed ones, which cos made and can vouch for, are told apart from other installations' (foreign) and from everything else (unmanaged); only managed ones of your own can be joined by workloads, beside none and bridge. Agents see their own and unmanaged networks. Use it to find a network's name or id; use container_list to see which containers are on which networks. It changes nothing.",
  "inputSchema": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
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
          "networks": {
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
