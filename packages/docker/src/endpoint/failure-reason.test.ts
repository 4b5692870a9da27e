import { once } from "node:events";
import { createServer } from "node:net";
import { connect } from "node:tls";
import { CosError } from "@cos/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { describeFailure } from "./failure-reason.ts";

const withCode = (code: string) => Object.assign(new Error("the system's words"), { code });

describe("why a connection failed", () => {
  test.each([
    ["ENOENT", "no such socket"],
    ["EACCES", "permission denied"],
    ["ECONNREFUSED", "connection refused"],
    ["ENOTFOUND", "host name not found"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "its certificate is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE)"],
    ["EWHATEVER", "the connection failed (EWHATEVER)"],
  ])("%s is said in words", (code, words) => {
    expect(describeFailure(withCode(code))).toBe(words);
  });

  test("a demand for a client certificate is not taken for a bad server certificate", () => {
    expect(describeFailure(withCode("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"))).toContain("client certificate");
  });

  test("is found in the causes of a CosError", () => {
    const error = new CosError("unavailable", "It failed.", {
      cause: new Error("x", { cause: withCode("ECONNREFUSED") }),
    });
    expect(describeFailure(error)).toBe("connection refused");
  });

  test("is a CosError's own message when nothing lies below it", () => {
    expect(describeFailure(new CosError("unsupported", "The engine is too old."))).toBe("The engine is too old");
  });

  test("is unknown for any other error", () => {
    expect(describeFailure(new TypeError("x is not a function"))).toBeUndefined();
  });

  test("a real engine without TLS is recognised", async () => {
    const server = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const address = server.address();
    const socket = connect({
      host: "127.0.0.1",
      port: typeof address === "object" && address !== null ? address.port : 0,
    });
    const [error] = (await once(socket, "error").catch((thrown: unknown) => [thrown])) as [unknown];
    expect(describeFailure(error)).toContain("does not speak TLS");
  });
});
