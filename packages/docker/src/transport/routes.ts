const id = "[0-9a-f]{64}";
const name = "[a-zA-Z0-9][a-zA-Z0-9_.-]{0,255}";
/** A part of an image reference; the first can hold a port, the last a tag of 128 characters and a digest. */
const imagePart = "[a-zA-Z0-9](?:[a-zA-Z0-9_.-]|%3A|%40){0,511}";
const version = "v1\\.[0-9]{2,3}";

/**
 * Every request that cos may send to an engine, as method and path. This list is a second line of defence: a bug
 * elsewhere cannot reach commit, load, import, prune, plugins, swarm, auth, distribution or update.
 */
const routes: readonly (readonly [method: string, path: string])[] = [
  ["GET", "/_ping"],
  ["GET", "/info"],
  ["GET", `/${version}/info`],
  ["GET", `/${version}/events`],
  ["GET", `/${version}/containers/json`],
  ["POST", `/${version}/containers/create`],
  ["GET", `/${version}/containers/(?:${id}|${name})/json`],
  ["POST", `/${version}/containers/${id}/(?:attach|start|wait|kill|stop|restart|rename|resize)`],
  ["POST", `/${version}/containers/${id}/(?:exec|pause|unpause)`],
  ["POST", `/${version}/exec/${id}/(?:start|resize)`],
  ["GET", `/${version}/exec/${id}/json`],
  ["GET", `/${version}/containers/${id}/logs`],
  ["GET", `/${version}/containers/${id}/archive`],
  ["PUT", `/${version}/containers/${id}/archive`],
  ["GET", `/${version}/containers/${id}/stats`],
  ["GET", `/${version}/system/df`],
  ["DELETE", `/${version}/containers/${id}`],
  ["GET", `/${version}/images/json`],
  ["GET", `/${version}/images/${imagePart}(?:/${imagePart})*/json`],
  ["POST", `/${version}/images/create`],
  ["POST", `/${version}/images/${imagePart}(?:/${imagePart})*/push`],
  ["POST", `/${version}/images/${id}/tag`],
  ["DELETE", `/${version}/images/${imagePart}(?:/${imagePart})*`],
  ["POST", `/${version}/build`],
  ["GET", `/${version}/networks`],
  ["POST", `/${version}/networks/create`],
  ["GET", `/${version}/networks/${name}`],
  ["DELETE", `/${version}/networks/${id}`],
  ["GET", `/${version}/volumes`],
  ["POST", `/${version}/volumes/create`],
  ["GET", `/${version}/volumes/${name}`],
  ["DELETE", `/${version}/volumes/${name}`],
];

const patterns = routes.map(([method, path]) => [method, new RegExp(`^${path}$`)] as const);

/** Query parameters that make the engine fetch or load something of its own accord. */
const forbiddenParameters: readonly (readonly [path: RegExp, parameter: string])[] = [
  [/\/build$/, "remote"],
  [/\/images\/create$/, "fromSrc"],
];

/** A push without a tag sends every tag of the repository, and statistics without a word about it never end. */
const neededParameters: readonly (readonly [path: RegExp, parameter: string])[] = [
  [/\/push$/, "tag"],
  [/\/stats$/, "stream"],
];

/**
 * The only query parameters of some routes. A stop with a negative `t` never kills, and a start can name a checkpoint. A
 * log with `follow` ends with its container, which may be never: `readLogs` follows only for a caller who gave a signal.
 */
const onlyParameters: readonly (readonly [path: RegExp, parameter: RegExp])[] = [
  [new RegExp(`/containers/${id}$`), /^(?:v=true|force=(?:true|false))$/],
  [/\/push$/, /^tag=[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/],
  [/\/tag$/, /^(?:repo=[a-zA-Z0-9][a-zA-Z0-9_.:/-]{0,254}|tag=[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$/],
  [new RegExp(`^/${version}/images/[^?]*(?<!/(?:create|json|push|tag))$`), /^force=(?:true|false)$/],
  [/\/stats$/, /^stream=false$/],
  [/\/(?:stop|restart)$/, /^t=[0-9]{1,4}$/],
  [new RegExp(`/containers/${id}/start$`), /^$/],
  [new RegExp(`/containers/${id}/(?:exec|pause|unpause)$|/exec/${id}/start$`), /^$/],
  [/\/rename$/, /^name=cos-[a-z0-9-]{1,50}(?:\.(?:next|previous)-[0-9a-f]{12})?$/],
  [/\/kill$/, /^signal=SIG[A-Z0-9]{1,10}$/],
  [/\/resize$/, /^[hw]=[1-9][0-9]{0,4}$/],
  // An owner that the engine looks up would be looked up on the host.
  [/\/archive$/, /^(?:path=\/[^\0]{0,4095}|noOverwriteDirNonDir=1)$/],
  [/\/logs$/, /^(?:(?:stdout|stderr|timestamps|follow)=true|tail=[0-9]+|(?:since|until)=[0-9]{1,12}\.[0-9]{9})$/],
];

/** Whether cos may send this request. `path` is what stands on the request line, the query included. */
export function isAllowedRequest(method: string, path: string): boolean {
  const queryStart = path.indexOf("?");
  const [pathname, query] = queryStart === -1 ? [path, ""] : [path.slice(0, queryStart), path.slice(queryStart + 1)];
  if (!patterns.some(([allowed, pattern]) => allowed === method && pattern.test(pathname))) return false;
  // Servers disagree on whether a semicolon separates parameters.
  if (query.includes(";")) return false;
  const parameters = new URLSearchParams(query);
  if (neededParameters.some(([pattern, needed]) => pattern.test(pathname) && !parameters.has(needed))) return false;
  const only = onlyParameters.find(([pattern]) => pattern.test(pathname))?.[1];
  if (only !== undefined && ![...parameters].every(([key, value]) => only.test(`${key}=${value}`))) return false;
  return !forbiddenParameters.some(
    ([pattern, parameter]) => pattern.test(pathname) && parameters.getAll(parameter).some((value) => value !== ""),
  );
}
