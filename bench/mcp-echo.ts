// mcp-echo.ts http|stdio: what the MCP server is compared with. Echoes bodies of requests, or lines of standard input.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";

if (process.argv[2] === "stdio") {
  createInterface(process.stdin).on("line", (line) => process.stdout.write(`${line}\n`));
} else {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(Buffer.concat(chunks));
    });
  });
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo;
    process.send?.({ url: `http://127.0.0.1:${port}/` });
  });
}
process.on("message", () => process.send?.(process.cpuUsage()));
process.on("disconnect", () => process.exit());
