{
  "name": "image_remove",
  "title": "Remove an image or a tag",
  "description": "Takes a tag away, and removes the image for good when that was its last one; of an image with several tags only the named one goes. Named by its id, the image goes with all its tags, those excepted that somebody else put on an image of yours. Use it for single images; gc removes all that cos built and nothing uses. It is refused while any container, also one that does not run, was made from the image: remove that first with container_rm. Layers that other images share stay. A removed image has to be pulled or built again.",
  "inputSchema": {
    "type": "object",
    "required": [
      "image"
    ],
    "additionalProperties": false,
    "properties": {
      "image": {
        "type": "string",
        "description": "The image's tag, e.g. \"app:1\", its digest in a repository, or at least 12 hex digits of its id."
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
          "untagged": {
            "type": "array",
            "items": {
              "type": "string"
            }
          },
          "removed": {
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
    "destructiveHint": true,
    "idempotentHint": false,
    "openWorldHint": false
  }
}
