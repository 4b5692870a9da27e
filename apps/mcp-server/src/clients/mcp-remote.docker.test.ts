import { connectStdio } from "../testing/index.ts";
import { programOf } from "../testing/program-of.ts";
import { describeClient } from "./describe-client.ts";

describeClient(
  "a client of standard input and output, with mcp-remote between it and HTTP",
  async ({ url, env, home }) => {
    const client = await connectStdio({ command: [programOf("mcp-remote"), url], env, cwd: home });
    return {
      listTools: async () => (await client.listTools()).map(({ name }) => name),
      call: (tool, input) => client.call(tool, input),
      [Symbol.asyncDispose]: () => client.close(),
    };
  },
);
