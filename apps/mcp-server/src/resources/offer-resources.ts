import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { ServerResult } from "@modelcontextprotocol/sdk/types.js";
import type { FindComplete } from "../completion.ts";
import { forRequest } from "../observe/client-request.ts";
import { requestOf, toProtocolError } from "../requests.ts";
import type { RunningCalls } from "../running-calls.ts";
import type { ServerParts } from "../server.ts";
import type { ClientResources, ResourceRequest } from "./client-resources.ts";

type Answer = (resources: ClientResources, request: ResourceRequest) => ServerResult | Promise<ServerResult>;

const answers: Readonly<Record<string, Answer>> = {
  "resources/list": (own, request) => own.list(request),
  "resources/templates/list": (own, request) => own.listTemplates(request),
  "resources/read": (own, request) => own.read(request),
  "resources/subscribe": (own, request) => own.subscribe(request),
  "resources/unsubscribe": (own, request) => own.unsubscribe(request),
};
const offers = Object.entries(answers).map(([method, answer]) => ({ method, schema: requestOf(method), answer }));

/** Offers the resources, and answers with what completes their templates. They are loaded when a client first asks. */
export function offerResources(server: Server, parts: ServerParts, calls: RunningCalls): FindComplete {
  // It fails when the client has gone, which is noticed elsewhere.
  const notify = (...message: Parameters<Server["notification"]>) =>
    void server.notification(...message).catch(() => undefined);
  let resources: Promise<ClientResources> | undefined;
  const load = () => {
    resources ??= import("./client-resources.ts").then(({ createClientResources }) =>
      createClientResources({
        ...parts,
        ended: calls.ended,
        onUpdated: (uri) => notify({ method: "notifications/resources/updated", params: { uri } }),
        onListChanged: () => notify({ method: "notifications/resources/list_changed" }),
      }),
    );
    return resources;
  };
  for (const { method, schema, answer } of offers) {
    server.setRequestHandler(schema, async ({ params }, extra) => {
      const loaded = await load();
      const controlPlane = forRequest(parts.controlPlane, method, extra, params);
      return await calls
        .run(extra.signal, async (signal) => await answer(loaded, { params, controlPlane, signal }))
        .catch((error: unknown) => Promise.reject(toProtocolError(error)));
    });
  }
  return async (template) => (await load()).findCompletion(template);
}
