{
  "name": "image_push",
  "title": "Push an image to its registry",
  "description": "Sends what a tag names to the registry in that tag, and answers with the digest that the registry gave it. Use it after image_build, for other machines to pull; the tag itself says where it goes, so build under the tag that is to be pushed. Whoever may read there can then read the image, and what the registry had under the tag loses it. Agents push only what they built by this tag. Layers that the registry has are not sent again. Credentials are those of the operator's Docker configuration.",
  "inputSchema": {
    "type": "object",
    "required": [
      "tag"
    ],
    "additionalProperties": false,
    "properties": {
      "tag": {
        "type": "string",
        "description": "The tag to push, e.g. \"ghcr.io/team/app:1.2\"."
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
          "tag": {
            "type": "string"
          },
          "id": {
            "type": "string"
          },
          "digest": {
            "type": "string"
          },
          "pushedBytes": {
            "type": "number"
          },
          "durationMs": {
            "type": "number"
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
