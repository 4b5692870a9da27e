{
  "name": "volume_list",
  "title": "List the engine's volumes",
  "description": "Lists the named volumes of the engine. Managed ones, which cos made and can vouch for, are told apart from other installations' (foreign) and from everything else (unmanaged); only managed ones of your own can be mounted by workloads. Agents see their own and unmanaged volumes. Use it to see what data is kept between jobs, or to find a name for volume_remove. It does not show what is in them: mount one in a job for that. It changes nothing.",
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
          "volumes": {
            "type": "array",
            "items": {
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
