import * as fc from "fast-check";
import { parse } from "smol-toml";
import { describe, expect, test } from "vitest";
import { ownKeys } from "./clients.ts";
import { isInsertion } from "./testing/insertion.ts";
import { tomlConfig } from "./toml-config.ts";

const place = { table: "mcp_servers", name: "cos" };
const entry = { command: "npx", args: ["-y", "@cos/mcp-server", "--as", 'a "b" \\ \u007f'] };
const defaults = { startup_timeout_sec: 60 };
const file = "/home/someone/.codex/config.toml";

const withEntry = (text: string, set: object = entry) =>
  tomlConfig.withEntry({ file, text }, place, { set: set as typeof entry, defaults, drop: ownKeys });
const withoutEntry = (text: string) => tomlConfig.withoutEntry({ file, text }, place);
const valueOf = (text: string): any => structuredClone(parse(text, { integersAsBigInt: "asNeeded" }));

/** Values that look like other parts of TOML to who does not read closely. */
const value = fc.constantFrom(
  "1",
  "9007199254740993",
  "1979-05-27T07:32:00Z",
  '"[mcp_servers.cos]"',
  '"a \\" # b"',
  "'c:\\'",
  '"""\n[mcp_servers.cos]\ncommand = "x" # \\""" """',
  "'''\n[[mcp_servers.cos]]\n''''",
  "[\n  1, # ]\n  2,\n]",
  '{ a = "}", "b # c" = [1] }',
  "[[1], [2]]",
);
const comment = fc.constantFrom("", " # [mcp_servers.cos]", '\t# it\'s "this"');
const between = fc.constantFrom("", "\n", "# command = 1\n", "\n  # '''\n\n");
const pairs = (prefix: string) =>
  fc
    .array(fc.tuple(value, comment, between), { maxLength: 3 })
    .map((lines) => lines.map(([text, note, gap], at) => `${gap}${prefix}${at} = ${text}${note}\n`).join(""));
const table = fc
  .tuple(
    fc.constantFrom("[t%]", "[[l%]]", "[mcp_servers.other%]", ' [ mcp_servers . "x.cos%" ] ', "[mcp_servers.z%.env]"),
    comment,
    pairs("k"),
  )
  .map(([header, note, body]) => ({ header, rest: `${note}\n${body}` }));
const tables = (prefix: string) =>
  fc
    .array(table, { maxLength: 4 })
    .map((list) => list.map(({ header, rest }, at) => header.replace("%", `${prefix}${at}`) + rest).join(""));

/** A file, and what of it stands before the table of cos and behind it. */
interface Sample {
  readonly text: string;
  readonly head: string;
  readonly tail: string;
}

/** A file with tables of others, and that of cos at some place among them, or none. */
function sample(cos: fc.Arbitrary<string>): fc.Arbitrary<Sample> {
  return fc
    .tuple(pairs("top"), tables("a"), between, cos, between, tables("b"), fc.boolean(), fc.boolean())
    .map(([top, before, gap, own, after, behind, crlf, cut]) => {
      const ended = (text: string) => (crlf ? text.replaceAll("\n", "\r\n") : text);
      const head = ended(top + before + gap);
      const tail = ended(cut ? (after + behind).replace(/\n+$/, "") : after + behind);
      return { text: head + ended(own) + tail, head, tail };
    });
}

const withoutCos = sample(fc.constant(""));
const withCos = sample(
  fc.constantFrom(
    "[mcp_servers.cos]\n",
    '[mcp_servers.cos] # mine\ncommand = "old" # why\nargs = [\n  "a", # one\n]\nenabled = false\n',
    "[mcp_servers.'cos']\nurl = \"http://127.0.0.1:1/mcp\"\nenv.A = 'b'\nbearer_token_env_var = 'T'\n",
    '[ mcp_servers . "cos" ]\nstartup_timeout_sec = 5\n\n[mcp_servers.cos.tools.ping]\napproval = "auto"\n',
  ),
);

describe("a server in a file of TOML", () => {
  test("is added by putting text in: every byte that was there stays", () => {
    fc.assert(
      fc.property(withoutCos, ({ text }) => {
        const after = withEntry(text);
        const before = valueOf(text);
        const cos = { ...entry, ...defaults };
        expect(valueOf(after)).toEqual({ ...before, mcp_servers: { ...before.mcp_servers, cos } });
        expect(isInsertion(text, after)).toBe(true);
        expect(withEntry(after)).toBe(after);
        expect(valueOf(withoutEntry(after))).toEqual(before);
      }),
    );
  });

  test("is changed in its own keys alone, and keeps what is not ours", () => {
    fc.assert(
      fc.property(withCos, ({ text, head, tail }) => {
        const after = withEntry(text);
        const before = valueOf(text);
        const kept = Object.entries(before.mcp_servers.cos).filter(
          ([key]) => !(ownKeys as readonly string[]).includes(key),
        );
        const cos = { ...defaults, ...Object.fromEntries(kept), ...entry };
        expect(valueOf(after)).toEqual({ ...before, mcp_servers: { ...before.mcp_servers, cos } });
        expect(after.startsWith(head)).toBe(true);
        expect(after.endsWith(tail)).toBe(true);
        expect(withEntry(after)).toBe(after);
      }),
    );
  });

  test("is taken away with its tables and nothing else", () => {
    fc.assert(
      fc.property(withCos, ({ text, head, tail }) => {
        const after = withoutEntry(text);
        const { cos: _cos, ...servers } = valueOf(text).mcp_servers;
        const { mcp_servers: left = {}, ...rest } = valueOf(after);
        const { mcp_servers: _servers, ...others } = valueOf(text);
        expect([rest, left]).toEqual([others, servers]);
        expect(after.startsWith(head.trimEnd())).toBe(true);
        expect(after.endsWith(tail)).toBe(true);
        expect(withoutEntry(after)).toBe(after);
      }),
    );
  });

  test("is written as the file is", () => {
    expect(withEntry('model = "x"\r\n')).toBe(
      [
        'model = "x"',
        "",
        "[mcp_servers.cos]",
        'command = "npx"',
        'args = ["-y", "@cos/mcp-server", "--as", "a \\"b\\" \\\\ \\u007f"]',
        "startup_timeout_sec = 60",
        "",
      ].join("\r\n"),
    );
    const changed = withEntry('[mcp_servers.cos]\nurl = "u" # gone\nenabled = true # stays\n# end\n', { command: "c" });
    expect(changed).toBe('[mcp_servers.cos]\nenabled = true # stays\ncommand = "c"\nstartup_timeout_sec = 60\n# end\n');
    expect(withoutEntry("a = 1\n\n[mcp_servers.cos]\ncommand = 'c'\n\n# of b\n[b]\n")).toBe("a = 1\n\n# of b\n[b]\n");
  });

  test.each([
    ["is no TOML", "a = \n", `${file}:1:`],
    ["has its servers in one line", 'mcp_servers = { cos = { command = "x" } }\n', "not in tables of their own"],
    ["has its servers in keys", '[mcp_servers]\ncos.command = "x"\n', "not in tables of their own"],
    ["has a list of servers", "[[mcp_servers]]\ncos = 1\n", "not in tables of their own"],
  ])("is not added to a file that %s", (_what, text, message) => {
    expect(() => withEntry(text)).toThrow(message);
    expect(() => withEntry(text)).toThrow(expect.objectContaining({ code: "failed_precondition" }));
  });
});
