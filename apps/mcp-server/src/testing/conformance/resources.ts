import {
  McpError,
  type ReadResourceResult,
  type Resource,
  type ResourceTemplate,
} from "@modelcontextprotocol/sdk/types.js";
import { image } from "./samples.ts";

/** The code of MCP for a resource that does not exist. */
const resourceNotFound = -32_002;

/** The resources that the conformance suite reads. */
export const resources: Resource[] = [
  { uri: "test://static-text", name: "Text", description: "Text that stays.", mimeType: "text/plain" },
  { uri: "test://static-binary", name: "Bytes", description: "A picture that stays.", mimeType: "image/png" },
  { uri: "test://watched-resource", name: "Watched", description: "What is subscribed to.", mimeType: "text/plain" },
];

export const templates: ResourceTemplate[] = [
  { uriTemplate: "test://template/{id}/data", name: "Data", description: "Data by id.", mimeType: "application/json" },
];

/** @throws McpError when there is no such resource. */
export function readResource(uri: string): ReadResourceResult {
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id !== undefined) {
    const data = { id, templateTest: true, data: `Data for ID: ${id}` };
    return { contents: [{ uri, mimeType: "application/json", text: JSON.stringify(data) }] };
  }
  if (uri === "test://static-binary") return { contents: [{ uri, mimeType: image.mimeType, blob: image.data }] };
  if (resources.some((resource) => resource.uri === uri))
    return { contents: [{ uri, mimeType: "text/plain", text: "This is the content of the static text resource." }] };
  throw new McpError(resourceNotFound, "There is no such resource.", { uri });
}
