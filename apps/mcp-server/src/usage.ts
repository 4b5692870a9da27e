import { type Front, type Option, options } from "./options.ts";

const introductions: Readonly<Record<Front, string>> = {
  "cos-mcp":
    "Serves cos to an MCP client over standard input and output, or to any number over HTTP with --port or --host. What a client may do is decided by policy; what it did stands in the audit log (cos audit tail).",
  "cos serve":
    "Serves cos to MCP clients over HTTP, at /mcp. What a client may do is decided by policy; what it did stands in the audit log (cos audit tail).",
};

const examples: Readonly<Record<Front, string>> = {
  "cos-mcp": `A client is told to start it like this:
  {"mcpServers": {"cos": {"command": "npx", "args": ["-y", "@cos/mcp-server", "--as", "my-agent"]}}}`,
  "cos serve": `A client is told where it is like this:
  {"mcpServers": {"cos": {"type": "http", "url": "http://127.0.0.1:8770/mcp",
    "headers": {"Authorization": "Bearer TOKEN"}}}}
TOKEN is what \`cos token create NAME\` prints; the first one is made, and printed, when there is none.

Examples:
  cos serve --read-only
  cos serve --host 0.0.0.0 --allowed-host cos.example:8770 --tls-cert cert.pem --tls-key key.pem
  cos serve --trusted-proxy 127.0.0.1 --allowed-host cos.example`,
};

/**
 * What `--help` prints.
 *
 * @param columns how wide the terminal is.
 */
export function toUsage(front: Front, columns = 120): string {
  const own = Object.entries<Option>(options).filter(([, { only }]) => front === "cos-mcp" || only !== "stdio");
  const rows = own.map(([name, { short, value, help, only }]) => {
    const flag = `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
    return { flag, help, http: only === "http" };
  });
  const width = Math.max(...rows.map(({ flag }) => flag.length));
  const list = (http: boolean) =>
    rows
      .filter((row) => row.http === http)
      .map(({ flag, help }) => `  ${flag.padEnd(width)}  ${wrap(help, columns, width + 4)}\n`)
      .join("");
  return `Usage: ${front} [options]

${wrap(introductions[front], columns, 0)}

Options:
${list(false)}
Over HTTP:
${list(true)}
${examples[front]}
`;
}

/** Breaks text between words into lines that end before a column; those behind the first begin at another. */
function wrap(text: string, columns: number, indent: number): string {
  const width = Math.max(columns - indent, 24);
  const lines = text.match(new RegExp(`\\S.{0,${width - 1}}(?=\\s|$)|\\S+`, "g")) ?? [];
  return lines.join(`\n${" ".repeat(indent)}`);
}
