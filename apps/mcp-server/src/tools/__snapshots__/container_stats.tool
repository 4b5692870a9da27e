{
  "name": "container_stats",
  "title": "Measure what containers use",
  "description": "Measures what running containers use now: CPU, memory, processes, network and disk traffic, as numbers whose names say the unit. Give `container` for one, or leave it out for all running ones that the caller may see. Use it to find out what is busy or near its memory limit; use container_inspect for the limits themselves, and engine_info for the disk. It changes nothing, and takes a second or two. A container that does not run is refused.",
  "inputSchema": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "container": {
        "description": "One container, named as elsewhere. Default: all that run.",
        "type": "string"
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
                "at": {
                  "type": "string"
                },
                "cpuPercent": {
                  "type": "number"
                },
                "cpuSeconds": {
                  "type": "number"
                },
                "memoryBytes": {
                  "type": "number"
                },
                "memoryLimitBytes": {
                  "type": "number"
                },
                "memoryPercent": {
                  "type": "number"
                },
                "pids": {
                  "type": "integer"
                },
                "networkReceivedBytes": {
                  "type": "number"
                },
                "networkSentBytes": {
                  "type": "number"
                },
                "blockReadBytes": {
                  "type": "number"
                },
                "blockWrittenBytes": {
                  "type": "number"
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
