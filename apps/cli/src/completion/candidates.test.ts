import { describe, expect, test } from "vitest";
import { findCandidates, type FindNames } from "./candidates.ts";

const names: Readonly<Record<string, readonly string[]>> = {
  container: ["web", "web-db"],
  network: ["backend"],
  toolsets: ["default"],
  token: ["laptop"],
  operation: ["container_stop"],
};
const findNames: FindNames = async (kind) => (names[kind] ?? []).map((value) => ({ value, description: kind }));

/** What stands behind `cos`, up to the cursor. */
async function complete(line: string): Promise<string[]> {
  return (await findCandidates(line.split(" "), findNames)).map(({ value }) => value);
}

describe("what a word could become", () => {
  test.each([
    ["a command", "st", ["stats", "start", "stop"]],
    ["a command of a group", "network ", ["ls", "create", "rm"]],
    ["a command that is no operation", "aud", ["audit"]],
    ["a command of an operator's group", "audit v", ["verify"]],
    ["a flag", "run --prof", ["--profile"]],
    ["a flag of an operator's command", "audit tail --fo", ["--follow"]],
    ["a flag behind others", "run --detach -it --network none --prof", ["--profile"]],
    ["help", "stop --he", ["--help"]],
    ["a value that is one of few", "run --profile s", ["sandbox", "service", "strict"]],
    ["such a value behind =", "run --pull=n", ["--pull=never"]],
    ["a container", "stop ", ["web", "web-db"]],
    ["the beginning of one", "stop web-", ["web-db"]],
    ["a container behind a flag with a value", "stop --grace 5 ", ["web", "web-db"]],
    ["a container behind a flag with a value in it", "stop --grace=5 ", ["web", "web-db"]],
    ["a container behind short flags", "stop -t 5 ", ["web", "web-db"]],
    ["a container behind flags without values", "rm -f --yes ", ["web", "web-db"]],
    ["a network of a workload", "run --network ", ["none", "bridge", "backend"]],
    ["a network to remove", "network rm ", ["backend"]],
    ["a network behind =", "run --network=b", ["--network=bridge", "--network=backend"]],
    ["a shell", "completion ", ["bash", "zsh", "fish"]],
    ["an MCP client", "mcp add c", ["claude-code", "claude-desktop", "cursor", "codex"]],
    ["a scope", "mcp remove --scope ", ["user", "project"]],
    ["a flag of the server", "serve --tls", ["--tls-cert", "--tls-key"]],
    ["a flag of the server with few values", "serve --log-level s", ["silent"]],
    ["a toolset", "serve --toolsets ", ["default"]],
    ["a toolset of a client", "mcp add cursor --toolsets ", ["default"]],
    ["a token", "token revoke ", ["laptop"]],
    ["an operation to explain", "policy explain con", ["container_stop"]],
  ])("%s: cos %s", async (_what, line, expected) => {
    expect(await complete(line)).toEqual(expected);
  });

  test.each([
    ["a number", "stop --grace "],
    ["a file", "run --stdin "],
    ["what comes behind all arguments", "stop web "],
    ["what comes behind --", "run busybox -- ec"],
    ["a command that there is not", "frobnicate "],
    ["nonsense", "-- -- "],
  ])("nothing for %s: cos %s", async (_what, line) => {
    expect(await complete(line)).toEqual([]);
  });

  test("every command and flag is described on one line, and none is missing", async () => {
    const commands = await findCandidates([""], findNames);
    expect(commands.map(({ value }) => value)).toEqual(expect.arrayContaining(["run", "ps", "policy", "doctor"]));
    for (const { value } of commands) {
      for (const { description } of await findCandidates([value, "--"], findNames)) expect(description).not.toBe("");
    }
    expect(commands.filter(({ description }) => description.length < 5 || description.includes("\n"))).toEqual([]);
  });
});
