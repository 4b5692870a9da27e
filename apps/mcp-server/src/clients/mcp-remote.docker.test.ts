import { connectStdio } from "../testing/index.ts";
import { programOf } from "../testing/program-of.ts";
import { describeClient } from "./describe-client.ts";

describeClient(
  "a client of standard input and output, with mcp-remote between it and HTTP",
  async ({ url, authorization, env, home }) => {
    // It fills in what stands in its environment, so that the token is not in the list of processes.
    const client = await connectStdio({
      command: [programOf("mcp-remote"), url, "--header", "Authorization:${AUTHORIZATION}"],
      env: { ...env, AUTHORIZATION: authorization },
      cwd: home,
    });
    return {
      listTools: async () => (await client.listTools()).map(({ name }) => name),
      call: (tool, input) => client.call(tool, input),
      read: (uri) => client.read(uri),
      [Symbol.asyncDispose]: () => client.close(),
    };
  },
);
