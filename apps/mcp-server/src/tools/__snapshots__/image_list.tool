{
  "name": "image_list",
  "title": "List the engine's images",
  "description": "Lists the images that the engine has, with their tags, sizes and the digests that registries know them by. Managed ones, which cos built, are told apart from other installations' (foreign) and from everything else, pulled ones among them (unmanaged). Agents see their own and unmanaged images. Use it to see what can be run without pulling, and to find the tag or id that image_push and image_remove take; use image_pull or image_build to get one that is missing. It changes nothing and asks no registry.",
  "inputSchema": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "managed": {
        "default": false,
        "description": "Only what this installation of cos built.",
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
          "images": {
            "type": "array",
            "items": {
              "type": "object",
              "properties": {
                "id": {
                  "type": "string"
                },
                "tags": {
                  "type": "array",
                  "items": {
                    "type": "string"
                  }
                },
                "digests": {
                  "type": "array",
                  "items": {
                    "type": "string"
                  }
                },
                "createdAt": {
                  "type": "string"
                },
                "sizeBytes": {
                  "type": "number"
                },
                "ownership": {
                  "type": "string"
                },
                "owner": {
                  "type": "string"
                },
                "builtAs": {
                  "type": "string"
                },
                "purpose": {
                  "type": "string"
                },
                "project": {
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
