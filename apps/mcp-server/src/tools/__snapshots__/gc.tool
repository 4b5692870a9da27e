{
  "name": "gc",
  "title": "Remove what is no longer used",
  "description": "Removes for good what cos made and nothing uses: containers that ended or were never started, with their logs and files outside volumes; networks without containers; cached images of `base` with `provision`, and images whose tag moved on. Use it to free disk space and names; use container_rm for a single container. Each must have been unused for `graceSeconds`; images built by name stay unless `images` is set, named volumes always. Agents clean up their own, and with `allOwners`, which a person must approve, everybody's. A preview lists exactly what its token removes; what is used again by then is skipped.",
  "inputSchema": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "graceSeconds": {
        "default": 3600,
        "description": "How long unused: since its end, or else since it was made.",
        "type": "integer",
        "maximum": 2592000
      },
      "allOwners": {
        "default": false,
        "description": "Also other owners'; people's calls do so in any case.",
        "type": "boolean"
      },
      "images": {
        "default": false,
        "description": "Also images built by name or from a context that no container was made from.",
        "type": "boolean"
      },
      "dryRun": {
        "default": false,
        "description": "Only say what would be removed.",
        "type": "boolean"
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
          "dryRun": {
            "type": "boolean"
          },
          "removed": {
            "type": "array",
            "items": {
              "type": "object"
            }
          },
          "skipped": {
            "type": "array",
            "items": {
              "type": "object"
            }
          },
          "freedBytes": {
            "type": "integer"
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
