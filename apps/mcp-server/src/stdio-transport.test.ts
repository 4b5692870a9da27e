import { PassThrough } from "node:stream";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { expect, test } from "vitest";
import { StdioTransport } from "./stdio-transport.ts";

const mebibyte = 1024 * 1024;

async function connect(maxMessageBytes = mebibyte) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const transport = new StdioTransport(input, output, maxMessageBytes);
  const messages: JSONRPCMessage[] = [];
  const errors: string[] = [];
  transport.onmessage = (message) => messages.push(message);
  transport.onerror = ({ message }) => errors.push(message);
  await transport.start();
  return { input, output, transport, messages, errors };
}

const notification = (text: string): JSONRPCMessage => ({ jsonrpc: "2.0", method: "test", params: { text } });

test("reads messages however they are cut, several at once and in pieces of a letter", async () => {
  const { input, messages, errors } = await connect();
  const lines = ["one", "zwei ü", "three"].map((text) => `${JSON.stringify(notification(text))}\r\n`);
  const bytes = Buffer.from(lines.join(""));
  for (const size of [1, 7, bytes.length]) {
    for (let at = 0; at < bytes.length; at += size) input.write(bytes.subarray(at, at + size));
  }
  await expect.poll(() => messages).toHaveLength(9);
  expect(messages.slice(0, 3)).toEqual(["one", "zwei ü", "three"].map(notification));
  expect(errors).toEqual([]);
});

test("reads nothing more from a client that does not read, until it does, and loses nothing", async () => {
  const { input, output, transport, messages } = await connect();
  const text = "x".repeat(mebibyte);
  for (let count = 0; count < 70; count++) await transport.send(notification(text));
  input.write(`${JSON.stringify(notification("meanwhile"))}\n`);
  await new Promise((resolve) => setImmediate(resolve));
  expect(messages).toEqual([]);
  let lines = 0;
  output.on("data", (chunk: Buffer) => (lines += chunk.toString().split("\n").length - 1));
  await expect.poll(() => messages).toEqual([notification("meanwhile")]);
  await expect.poll(() => lines).toBe(70);
});

test("ends with a message that is too long, and says so", async () => {
  const { input, transport, messages, errors } = await connect(100);
  const closed = new Promise<void>((resolve) => (transport.onclose = resolve));
  input.write(`${JSON.stringify(notification("short"))}\n`);
  input.write("y".repeat(101));
  await closed;
  expect(messages).toEqual([notification("short")]);
  expect(errors).toEqual(["A message is longer than 100 bytes."]);
});
