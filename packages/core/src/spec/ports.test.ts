import fc from "fast-check";
import { expect, test } from "vitest";
import { parsePort, publishedPort } from "./ports.ts";

test.each([
  ["8080:80", { hostPort: 8080, containerPort: 80, protocol: "tcp" }],
  ["8080:80/tcp", { hostPort: 8080, containerPort: 80, protocol: "tcp" }],
  ["53:5353/udp", { hostPort: 53, containerPort: 5353, protocol: "udp" }],
  ["0:80", { hostPort: 0, containerPort: 80, protocol: "tcp" }],
  ["65535:65535", { hostPort: 65_535, containerPort: 65_535, protocol: "tcp" }],
])("%s is a published port", (text, port) => {
  expect(parsePort(text)).toEqual(port);
  expect(publishedPort.parse(text)).toBe(text);
});

test.each([
  "",
  "80",
  ":80",
  "80:",
  "8080:0",
  "65536:80",
  "80:65536",
  "-1:80",
  "80:-1",
  "1.5:80",
  "1e3:80",
  "0x50:80",
  "999999:80",
  "80:80/sctp",
  "80:80/TCP",
  "80:80/",
  "80:80:80",
  "0.0.0.0:80:80",
  "127.0.0.1:80:80",
  "[::]:80:80",
  "80-90:80-90",
  " 80:80",
  "80:80 ",
  "80:80\n",
  "80 :80",
  "٨٠:80",
  "80:８０",
])("%j is none", (text) => {
  expect(parsePort(text)).toBeUndefined();
  expect(publishedPort.safeParse(text).success).toBe(false);
});

test("every pair of ports is read back from its text", () => {
  const [host, container, protocol] = [
    fc.integer({ min: 0, max: 65_535 }),
    fc.integer({ min: 1, max: 65_535 }),
    fc.constantFrom("tcp", "udp"),
  ];
  fc.assert(
    fc.property(host, container, protocol, (hostPort, containerPort, name) => {
      expect(parsePort(`${hostPort}:${containerPort}/${name}`)).toEqual({ hostPort, containerPort, protocol: name });
    }),
  );
});

test.each([8080, null, ["8080:80"], { hostPort: 8080 }])("a published port is text, not %o", (value) =>
  expect(publishedPort.safeParse(value).success).toBe(false),
);
