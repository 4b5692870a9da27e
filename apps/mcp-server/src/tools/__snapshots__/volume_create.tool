{
  "name": "volume_create",
  "title": "Make a volume that keeps data",
  "description": "Makes a volume: a directory on the engine that outlives the containers which mount it. Use it to say beforehand what a volume is for; a mount of type volume in container_run makes a missing one by itself. One of yours that is there already is answered as it is, with `created` false. A name that belongs to somebody else, or to a volume with driver options, is refused; there are no options here. Only its owner's workloads can mount it. It stays until volume_remove takes it away.",
  "inputSchema": {
    "type": "object",
    "required": [
      "name"
    ],
    "additionalProperties": false,
    "properties": {
      "name": {
        "type": "string",
        "description": "What to call it. On the engine it is called cos- and this."
      },
      "project": {
        "description": "Groups objects that belong together.",
        "type": "string"
      },
      "purpose": {
        "description": "What it is for, for the people who find it.",
        "type": "string"
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
          },
          "created": {
            "type": "boolean"
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
