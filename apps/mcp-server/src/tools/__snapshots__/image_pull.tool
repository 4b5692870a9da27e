{
  "name": "image_pull",
  "title": "Pull an image from its registry",
  "description": "Brings an image from its registry onto the engine, or what has changed of it, and answers with its id and digest. Use it to refresh a tag, or to have an image ready before jobs need it; container_run pulls by itself what is missing, and image_build makes images of your own. Without a registry in its name the image comes from Docker Hub, and without a tag it is \"latest\". The tag moves to what was pulled; what had it before stays on the engine, without it. Credentials are those of the operator's Docker configuration.",
  "inputSchema": {
    "type": "object",
    "required": [
      "image"
    ],
    "additionalProperties": false,
    "properties": {
      "image": {
        "type": "string",
        "description": "What to pull, e.g. \"python:3.12-slim\" or \"ghcr.io/team/app@sha256:…\"."
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
          },
          "digest": {
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
