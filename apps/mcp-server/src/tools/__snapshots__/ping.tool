{
  "name": "ping",
  "title": "Ping the engine",
  "description": "Asks the container engine for a sign of life and tells its version and how long it took to answer. Use it to check the connection before other calls, or when they fail with `unavailable`. It changes nothing.",
  "inputSchema": {
    "type": "object",
    "additionalProperties": false,
    "properties": {}
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
          "latencyMs": {
            "type": "number"
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
