import type { OauthSettings } from "./oauth-settings.ts";

const wellKnown = "/.well-known/oauth-protected-resource";

/** The URL at which clients learn where to get a token, as RFC 9728 forms it. */
export function toMetadataUrl({ resource }: Pick<OauthSettings, "resource">): string {
  return `${resource.origin}${wellKnown}${resource.pathname === "/" ? "" : resource.pathname}`;
}

/** What anybody may read, by path: which tokens open this server, and who issues them. */
export function toPublished(settings: OauthSettings): ReadonlyMap<string, object> {
  const { issuer, resource, scopes } = settings;
  const metadata = {
    resource: resource.href,
    authorization_servers: [issuer],
    bearer_methods_supported: ["header"],
    ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
    resource_name: "cos",
  };
  // Clients that were not told where it is look at the last two.
  const paths = [new URL(toMetadataUrl(settings)).pathname, wellKnown, `${wellKnown}/mcp`];
  return new Map(paths.map((path) => [path, metadata]));
}
