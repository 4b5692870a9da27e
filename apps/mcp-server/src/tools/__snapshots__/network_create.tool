{
  "name": "network_create",
  "title": "Make a network for workloads",
  "description": "Makes a network that containers of yours can share: on it they reach each other by their names, e.g. a job reaches the service web as the host cos-web. Use it before container_run or container_ensure with the same `network`; a single workload that needs the internet can use network bridge instead. Nothing outside the network can be reached from it, and no ports can be published on it, unless `egress` is set. Only its owner's workloads can join. It stays until network_remove or gc takes it away.",
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
      "egress": {
        "default": false,
        "description": "Whether other machines, and so the internet, can be reached from it.",
        "type": "boolean"
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
    "destructiveHint": false,
    "idempotentHint": false,
    "openWorldHint": false
  }
}
