import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isAllowedRequest } from "./routes.ts";

const id = "0123456789abcdef".repeat(4);
const allows = (request: string) => {
  const [method = "", path = ""] = request.split(" ", 2);
  return isAllowedRequest(method, path);
};

test.each([
  "GET /_ping",
  "GET /v1.41/info",
  "GET /v1.41/events?filters=%7B%7D",
  "GET /v1.41/containers/json?all=true",
  "POST /v1.44/containers/create?name=cos-x",
  `GET /v1.41/containers/${id}/json`,
  "GET /v1.41/containers/cos-job-1/json",
  `POST /v1.41/containers/${id}/attach?stream=true`,
  `POST /v1.41/containers/${id}/start`,
  `POST /v1.41/containers/${id}/wait?condition=next-exit`,
  `POST /v1.41/containers/${id}/rename?name=cos-web`,
  `POST /v1.41/containers/${id}/rename?name=cos-web.previous-0123456789ab`,
  `POST /v1.41/containers/${id}/kill`,
  `POST /v1.41/containers/${id}/kill?signal=SIGTERM`,
  `POST /v1.41/containers/${id}/stop?t=0`,
  `POST /v1.41/containers/${id}/restart?t=3600`,
  `POST /v1.41/containers/${id}/resize?h=24&w=80`,
  `POST /v1.41/exec/${id}/resize?h=24&w=80`,
  `GET /v1.41/containers/${id}/logs?stdout=true&stderr=true`,
  `GET /v1.41/containers/${id}/logs?stdout=true&stderr=true&tail=100`,
  `GET /v1.41/containers/${id}/logs?stderr=true&since=1795598395.794081066&until=1795598396.000000000&timestamps=true`,
  `GET /v1.41/containers/${id}/logs?stdout=true&since=0.000000000&follow=true`,
  `GET /v1.41/containers/${id}/archive?path=%2Fetc`,
  `PUT /v1.41/containers/${id}/archive?path=%2Fdata&noOverwriteDirNonDir=1`,
  `GET /v1.41/containers/${id}/stats?stream=false`,
  `DELETE /v1.41/containers/${id}?force=true&v=true`,
  `DELETE /v1.41/containers/${id}?force=false&v=true`,
  `POST /v1.41/containers/${id}/exec`,
  `POST /v1.41/containers/${id}/pause`,
  `POST /v1.41/containers/${id}/unpause`,
  `POST /v1.41/exec/${id}/start`,
  `GET /v1.41/exec/${id}/json`,
  "GET /v1.41/images/docker.io/library/busybox%3Alatest/json",
  `GET /v1.41/images/localhost%3A5000/team/app%40sha256%3A${id}/json`,
  `GET /v1.41/images/sha256%3A${id}/json`,
  "POST /v1.41/images/create?fromImage=busybox&tag=latest",
  `DELETE /v1.41/images/${id}?force=true`,
  "DELETE /v1.41/images/localhost%3A5000/team/app%3A1?force=false",
  "GET /v1.41/images/json?filters=%7B%7D",
  "POST /v1.41/images/localhost%3A5000/team/app/push?tag=1",
  `POST /v1.41/images/${id}/tag?repo=localhost%3A5000%2Fteam%2Fapp&tag=1`,
  "POST /v1.41/build?t=x&remote=",
  "GET /v1.41/networks?filters=%7B%7D",
  "POST /v1.41/networks/create",
  "GET /v1.41/networks/cos-net",
  `DELETE /v1.41/networks/${id}`,
  "GET /v1.41/system/df",
  "GET /v1.41/volumes",
  "POST /v1.41/volumes/create",
  "GET /v1.41/volumes/cos-data",
  "DELETE /v1.41/volumes/cos-data",
])("cos may send %s", (request) => {
  expect(allows(request)).toBe(true);
});

describe("cos never sends", () => {
  test.each([
    `POST /v1.41/commit?container=${id}`,
    "POST /v1.41/images/load",
    `GET /v1.41/containers/${id}/stats?stream=true`,
    `GET /v1.41/containers/${id}/stats?stream=false&one-shot=true`,
    "GET /v1.41/containers/cos-web/stats?stream=false",
    "GET /v1.41/images/get?names=busybox",
    "POST /v1.41/images/busybox/tag?repo=x",
    "POST /v1.41/images/prune",
    "POST /v1.41/containers/prune",
    "POST /v1.41/volumes/prune",
    "POST /v1.41/build/prune",
    "POST /v1.41/networks/prune",
    `POST /v1.41/networks/${id}/connect`,
    `POST /v1.41/networks/${id}/disconnect`,
    "DELETE /v1.41/networks/cos-net",
    "DELETE /v1.41/networks/0123456789ab",
    "POST /v1.41/session",
    "POST /v1.41/auth",
    "GET /v1.41/distribution/busybox/json",
    "GET /v1.41/images/search?term=x",
    "POST /v1.41/plugins/pull?remote=x",
    "POST /v1.41/swarm/init",
    "GET /v1.41/secrets",
    "POST /v1.41/services/create",
    `POST /v1.41/containers/${id}/update`,
    `POST /v1.41/containers/${id}/rename?name=x`,
    `HEAD /v1.41/containers/${id}/archive?path=/`,
    `GET /v1.41/containers/${id}/export`,
    `POST /v1.41/exec/${id}/resize?h=1&w=0`,
    `GET /v1.41/exec/${id}/start`,
    `POST /v1.41/containers/${id}/exec?privileged=true`,
    "POST /v1.41/exec/cos-x/start",
    `POST /v1.41/containers/${id}/logs`,
    `GET /v1.41/containers/${id}/stop`,
    `GET /v1.41/containers/${id}/top`,
    `DELETE /v1.41/containers/${id}/json`,
  ])("%s", (request) => {
    expect(allows(request)).toBe(false);
  });

  test.each([
    ["a change to a container by its name", "POST /v1.41/containers/cos-x/start"],
    ["an archive into a container by its name", "PUT /v1.41/containers/cos-x/archive?path=/"],
    ["an archive by a relative path", `PUT /v1.41/containers/${id}/archive?path=x`],
    ["an archive whose owner the engine looks up", `PUT /v1.41/containers/${id}/archive?path=/&copyUIDGID=1`],
    ["a kill by no signal's name", `POST /v1.41/containers/${id}/kill?signal=0`],
    ["a stop by a name", "POST /v1.41/containers/cos-x/stop?t=10"],
    ["a restart by a short id", "POST /v1.41/containers/0123456789ab/restart?t=10"],
    ["a log by a name", "GET /v1.41/containers/cos-x/logs?stdout=true"],
    ["a removal by a short id", "DELETE /v1.41/containers/0123456789ab"],
    ["a removal by a name", "DELETE /v1.41/containers/cos-x"],
    ["a path without a version", "POST /containers/create?name=cos-x"],
    ["another version's form", "GET /v1/info"],
    ["a path that climbs", `POST /v1.41/containers/${id}/../../commit`],
    ["a path that climbs, encoded", "GET /v1.41/containers/%2e%2e/json"],
    ["a name that climbs, encoded", "DELETE /v1.41/volumes/x%2F..%2F..%2Fcontainers%2Fcos-x"],
    ["an image that climbs, encoded", "GET /v1.41/images/x%2f..%2f..%2finfo/json"],
    ["an image that climbs", "GET /v1.41/images/../info/json"],
    ["a segment encoded twice", "GET /v1.41/containers/x%252e/json"],
    ["doubled slashes", "GET //v1.41/info"],
    ["doubled slashes inside", "GET /v1.41//info"],
    ["an empty name", "GET /v1.41/containers//json"],
    ["a trailing slash", "GET /v1.41/info/"],
    ["a line break", `POST /v1.41/containers/${id}/start%0d%0aX`],
    ["a raw line break at the end", "GET /v1.41/info\n"],
    ["a full address", "GET http://docker/v1.41/info"],
    ["another spelling of the method", "get /v1.41/info"],
    ["a fragment", "GET /v1.41/info#x"],
  ])("%s", (_what, request) => {
    const at = request.indexOf(" ");
    expect(isAllowedRequest(request.slice(0, at), request.slice(at + 1))).toBe(false);
  });

  test.each([
    "/v1.41/build?remote=http://example.org/x.git",
    "/v1.41/build?t=x&remote=http://example.org",
    "/v1.41/build?remote=&remote=http://example.org",
    "/v1.41/build?r%65mote=http://example.org",
    "/v1.41/build?t=x?&remote=http://example.org",
    "/v1.41/build?t=x;remote=http://example.org",
    "/v1.41/images/create?fromSrc=-",
    "/v1.41/images/create?fromImage=x&fromSrc=http://example.org",
  ])("what makes the engine fetch or import by itself: %s", (path) => {
    expect(isAllowedRequest("POST", path)).toBe(false);
  });

  test.each([
    ["a stop that never kills", `POST /v1.41/containers/${id}/stop?t=-1`],
    ["a stop that never kills, behind one that does", `POST /v1.41/containers/${id}/stop?t=1&t=-1`],
    ["a stop that waits for a day", `POST /v1.41/containers/${id}/stop?t=86400`],
    ["a restart by another signal", `POST /v1.41/containers/${id}/restart?t=1&signal=KILL`],
    ["a start from a checkpoint", `POST /v1.41/containers/${id}/start?checkpoint=x&checkpoint-dir=/tmp`],
    ["a name that is not one of cos's", `POST /v1.41/containers/${id}/rename?name=web`],
    ["a temporary name of no kind", `POST /v1.41/containers/${id}/rename?name=cos-web.other-0123456789ab`],
    ["two names", `POST /v1.41/containers/${id}/rename?name=cos-web&name=web`],
    ["a size of nothing", `POST /v1.41/containers/${id}/resize?h=0&w=80`],
    ["a size with something else", `POST /v1.41/containers/${id}/resize?h=24&w=80&x=1`],
    ["a log that is followed by another spelling", `GET /v1.41/containers/${id}/logs?stdout=true&follow=1`],
    ["a log since a time that is rounded", `GET /v1.41/containers/${id}/logs?stdout=true&since=1795598395.7`],
    ["a log since a time that is none", `GET /v1.41/containers/${id}/logs?stdout=true&since=2h`],
    ["a log until before there were any", `GET /v1.41/containers/${id}/logs?stdout=true&until=-1.000000000`],
    ["a log with another count", `GET /v1.41/containers/${id}/logs?stdout=true&tail=-1`],
    ["a log with details", `GET /v1.41/containers/${id}/logs?stdout=true&details=true`],
    ["a push of every tag there is", "POST /v1.41/images/busybox/push"],
    ["a push of every tag there is, said emptily", "POST /v1.41/images/busybox/push?tag="],
    ["a tag for an image by its name", "POST /v1.41/images/busybox/tag?repo=x&tag=1"],
    ["a tag of anything but letters", `POST /v1.41/images/${id}/tag?repo=x&tag=..%2F`],
    ["a removal of an image with another switch", `DELETE /v1.41/images/${id}?noprune=false`],
    ["a removal of a link", `DELETE /v1.41/containers/${id}?v=true&link=true`],
    ["a parameter by another spelling", `DELETE /v1.41/containers/${id}?Force=true`],
    ["a stop whose parameter hides in its name", `POST /v1.41/containers/${id}/stop?t%3D1`],
    ["a stop whose number has a second line", `POST /v1.41/containers/${id}/stop?t=1%0A`],
  ])("%s", (_what, request) => {
    expect(allows(request)).toBe(false);
  });

  test("a path with anything but names in it", () => {
    const pathname = fc.string({
      unit: fc.constantFrom("/", ".", "%", "2", "f", "e", "a", "\\", "?", ":", "@", " ", "é"),
      maxLength: 12,
    });
    fc.assert(
      fc.property(pathname, (name) => {
        fc.pre(!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name));
        expect(isAllowedRequest("DELETE", `/v1.41/volumes/${name}`.split("?", 1)[0] ?? "")).toBe(
          /^[a-zA-Z0-9][a-zA-Z0-9_.-]*(\?|$)/.test(name),
        );
        expect(isAllowedRequest("DELETE", `/v1.41/containers/${name}`)).toBe(false);
      }),
    );
  });
});
