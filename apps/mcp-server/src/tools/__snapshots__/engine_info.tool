{
  "name": "engine_info",
  "title": "Describe the engine",
  "description": "Describes the container engine: its version, what it can do and enforces, what is wrong with it, and how many containers, images and volumes there are with the bytes that they take, in all and of what cos made. Use it to find out whether limits hold, or what fills the disk before a gc; use ping for a sign of life alone. Measuring the disk can take minutes on a large engine: leave it out with `diskUsage` false. It changes nothing.",
  "inputSchema": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "diskUsage": {
        "default": true,
        "description": "Also measure what is on the disk.",
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
          "engine": {
            "type": "string"
          },
          "driver": {
            "type": "string"
          },
          "version": {
            "type": "string"
          },
          "apiVersion": {
            "type": "string"
          },
          "os": {
            "type": "string"
          },
          "architecture": {
            "type": "string"
          },
          "kernel": {
            "type": "string"
          },
          "cgroupVersion": {
            "type": "string"
          },
          "cgroupDriver": {
            "type": "string"
          },
          "rootless": {
            "type": "boolean"
          },
          "storageDriver": {
            "type": "string"
          },
          "dataRoot": {
            "type": "string"
          },
          "securityOptions": {
            "type": "array",
            "items": {
              "type": "string"
            }
          },
          "liveRestore": {
            "type": "boolean"
          },
          "helperImage": {
            "type": "string"
          },
          "components": {
            "type": "array",
            "items": {
              "type": "object"
            }
          },
          "capabilities": {
            "type": "object"
          },
          "health": {
            "type": "array",
            "items": {
              "type": "object"
            }
          },
          "diskUsage": {
            "type": "object"
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
