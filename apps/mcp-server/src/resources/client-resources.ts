import { type ContainerSummary, isMeant } from "@cos/control-plane";
import { CosError, type EngineEvent } from "@cos/core";
import type {
  ListResourcesResult,
  ListResourceTemplatesResult,
  ReadResourceResult,
} from "@modelcontextprotocol/sdk/types.js";
import type { Complete } from "../completion.ts";
import { invalidParams, noSuchResource, ProtocolError, refused } from "../requests.ts";
import type { ServerParts } from "../server.ts";
import { type Address, parseAddress, templateUris } from "./address.ts";
import { createAsk } from "./ask.ts";
import { completeContainer } from "./complete-container.ts";
import { listPage, listTemplates } from "./list-resources.ts";
import { readResource } from "./read-resource.ts";
import { createTeller } from "./teller.ts";
import { createWatches } from "./watches.ts";

/** Most resources that a client may subscribe to. */
const mostSubscriptions = 256;
/** The least time between two notifications about the same, in milliseconds. */
const tellEveryMs = 1000;

/** A request, with the control plane to make its calls through. */
export interface ResourceRequest extends Pick<ServerParts, "controlPlane"> {
  readonly params: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
}

/** The resources of one client. */
export interface ClientResources {
  list(request: ResourceRequest): Promise<ListResourcesResult>;
  listTemplates(request: ResourceRequest): ListResourceTemplatesResult;
  read(request: ResourceRequest): Promise<ReadResourceResult>;
  subscribe(request: ResourceRequest): Promise<Record<string, never>>;
  unsubscribe(request: ResourceRequest): Record<string, never>;
  findCompletion(template: string): Complete | undefined;
}

export interface ClientResourcesParts extends Pick<ServerParts, "controlPlane" | "caller" | "engines"> {
  /** Aborts when the server ends. */
  readonly ended: AbortSignal;
  readonly onUpdated: (uri: string) => void;
  readonly onListChanged: () => void;
}

export function createClientResources(parts: ClientResourcesParts): ClientResources {
  const { controlPlane, caller, engines, ended } = parts;
  const [defaultEngine = ""] = engines;
  const view = controlPlane.viewFor(caller);
  const subscriptions = new Map<string, Address>();

  const tellListChanged = createTeller(parts.onListChanged, { everyMs: tellEveryMs, ended });
  const tellUpdated = createTeller(
    (uri) => {
      if (subscriptions.has(uri)) parts.onUpdated(uri);
    },
    { everyMs: tellEveryMs, ended },
  );
  const watches = createWatches({
    view,
    ended,
    onEvent(engine, event) {
      if (engine === defaultEngine && changesList(event)) tellListChanged("");
      for (const [uri, address] of subscriptions)
        if (address.engine === engine && isAffected(address, event)) tellUpdated(uri);
    },
    onRecord() {
      for (const [uri, { kind }] of subscriptions) if (kind === "audit") tellUpdated(uri);
    },
  });

  const askOn = (engine: string, { controlPlane, signal }: Omit<ResourceRequest, "params">) =>
    createAsk({ controlPlane, caller }, engine, signal);
  const toAddress = ({ params: { uri } }: ResourceRequest): { readonly uri: string; readonly address: Address } => {
    if (typeof uri !== "string") throw invalidParams("`uri` has to be the URI of a resource.");
    const address = parseAddress(uri, engines);
    if (address === undefined) throw noSuchResource(uri);
    return { uri, address };
  };

  return {
    async list(request) {
      const { cursor } = request.params;
      if (cursor !== undefined && typeof cursor !== "string") throw invalidParams("`cursor` has to be a text.");
      // Begun before the look, so that no change after it is missed. Who may not watch may still look.
      await watches.engine(defaultEngine).catch(() => undefined);
      const ask = askOn(defaultEngine, request);
      const listed = await ask("container_list", { all: true }).catch((error: unknown) => {
        if (error instanceof ProtocolError) return { containers: [] };
        throw error;
      });
      return listPage((listed as { containers: ContainerSummary[] }).containers, cursor);
    },

    listTemplates({ params }) {
      if (params["cursor"] !== undefined)
        throw invalidParams("There is no such `cursor`: one answer has all templates.");
      return { resourceTemplates: listTemplates(engines) };
    },

    async read(request) {
      const { uri, address } = toAddress(request);
      const ask = askOn(address.engine, request);
      const content = await orNoSuchResource(uri, () => readResource(address, ask, view, request.signal));
      return { contents: [{ uri, ...content }] };
    },

    async subscribe(request) {
      const { uri, address } = toAddress(request);
      if (address.kind === "audit") await watches.records();
      else if (address.kind !== "policy") await watches.engine(address.engine);
      // Only what may be seen is told of. A name that is given anew later is told of, too.
      if ("container" in address) {
        const ask = askOn(address.engine, request);
        await orNoSuchResource(uri, () => ask("container_inspect", { container: address.container }));
      }
      if (subscriptions.size >= mostSubscriptions && !subscriptions.has(uri)) {
        throw refused(
          `There are ${mostSubscriptions} subscriptions, which is as many as there can be: end some first.`,
        );
      }
      subscriptions.set(uri, address);
      return {};
    },

    unsubscribe(request) {
      subscriptions.delete(toAddress(request).uri);
      return {};
    },

    findCompletion(template) {
      if (!Object.values(templateUris(engines)).includes(template)) return undefined;
      return (argument, value, { chosen, signal }) => {
        if (argument === "engine" && engines.length > 1)
          return Promise.resolve(engines.filter((engine) => engine.startsWith(value)));
        if (argument !== "id") return undefined;
        return completeContainer(askOn(chosen["engine"] ?? defaultEngine, { controlPlane, signal }), value);
      };
    },
  };
}

/** Does something with a resource, which is not there where what it is of is not. */
async function orNoSuchResource<T>(uri: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message, hint } = CosError.from(error);
    if (code !== "not_found") throw error;
    throw noSuchResource(uri, hint === undefined ? message : `${message} ${hint}`);
  }
}

/** Whether other resources may be there now. */
function changesList({ kind }: EngineEvent): boolean {
  return ["created", "started", "ended", "renamed", "removed", "resync"].includes(kind);
}

/** Whether a resource may be another now. */
function isAffected(address: Address, event: EngineEvent): boolean {
  if (address.kind === "policy" || address.kind === "audit") return false;
  if (event.kind === "resync") return true;
  if (!("container" in address)) return event.ownership.status === "managed";
  const names = [event.name, ...(event.previousName === undefined ? [] : [event.previousName])];
  return names.some((name) => isMeant({ ...event, name }, address.container));
}
