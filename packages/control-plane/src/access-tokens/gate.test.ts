import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openOperator, type Operator } from "../operator.ts";
import { person } from "../testing/bench.ts";
import { openTokenGate, type TokenGate } from "./gate.ts";

let home: string;
let path: string;
let operator: Operator;
let gate: TokenGate;
let now: number;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "cos-gate-"));
  path = join(home, "tokens.json");
  operator = openOperator({ env: { XDG_STATE_HOME: home, XDG_CONFIG_HOME: home, COS_ACCESS_TOKENS: path } });
  now = Date.now();
  gate = openTokenGate(path, { now: () => now, lookEveryMs: 5 });
});
afterEach(() => {
  gate.close();
  rmSync(home, { recursive: true });
});

const create = (name = "agent", more = {}) => operator.tokens.create({ name, ...more }, person);
const replaceBy = (program: string, ...args: string[]) => {
  rmSync(path);
  execFileSync(program, [...args, path]);
};
const edit = (change: (text: string) => string) => writeFileSync(path, change(readFileSync(path, "utf8")));

describe("the gate", () => {
  test("tells whose token it is, from the moment that it is made", () => {
    expect(gate.find(`cos_${"a".repeat(43)}`)).toBeUndefined();
    const [agent, other] = [create(), create("other", { trustsDialogs: true })];
    expect(gate.find(agent.secret)).toMatchObject({ name: "agent", trustsDialogs: false });
    expect(gate.find(other.secret)).toMatchObject({ name: "other", trustsDialogs: true });
    expect(gate.find(agent.secret)?.ended).toBe(gate.find(agent.secret)?.ended);
  });

  test("knows no token that is not exactly one of them", () => {
    const { secret } = create();
    const changed = fc
      .tuple(fc.nat(secret.length - 1), fc.string({ minLength: 0, maxLength: 2 }))
      .map(([at, text]) => secret.slice(0, at) + text + secret.slice(at + 1));
    fc.assert(
      fc.property(fc.oneof(fc.string(), changed), (text) => {
        expect(gate.find(text) === undefined).toBe(text !== secret);
      }),
    );
    for (const near of [secret.slice(4), secret.toUpperCase(), `${secret} `, ` ${secret}`, `${secret}\n`])
      expect(gate.find(near)).toBeUndefined();
    const [stored] = (JSON.parse(readFileSync(path, "utf8")) as { tokens: { sha256: string }[] }).tokens;
    expect(gate.find(stored?.sha256 ?? "")).toBeUndefined();
    expect(gate.find(`cos_${stored?.sha256.slice(0, 43)}`)).toBeUndefined();
  });

  test("knows a revoked one no more, and ends what it was shown for, and nothing else", async () => {
    const [one, two] = [create(), create()];
    const [ended, other] = [gate.find(one.secret)?.ended, gate.find(two.secret)?.ended];
    const over = once(ended as AbortSignal, "abort");
    operator.tokens.revoke(one.token.id, person);
    expect(gate.find(one.secret)).toBeUndefined();
    expect(gate.find(two.secret)).toBeDefined();
    await over;
    expect(other?.aborted).toBe(false);
  });

  test("knows a token until just before its time is over", async () => {
    const { secret, token } = create("agent", { forSeconds: 60 });
    now = Date.parse(token.expiresAt ?? "") - 1;
    const ended = gate.find(secret)?.ended as AbortSignal;
    const over = once(ended, "abort");
    now++;
    expect(gate.find(secret)).toBeUndefined();
    await over;
  });

  test("ends everything when the list is gone", async () => {
    const { secret } = create();
    const over = once(gate.find(secret)?.ended as AbortSignal, "abort");
    rmSync(path);
    expect(gate.find(secret)).toBeUndefined();
    await over;
  });

  test("sees what is changed by hand: whose a token is, and what it is trusted with", () => {
    const { secret } = create();
    const before = gate.find(secret);
    edit((text) => text.replace('"trustsDialogs": false', '"trustsDialogs": true'));
    expect(gate.find(secret)).toMatchObject({ trustsDialogs: true });
    expect(before?.ended.aborted).toBe(true);
    edit((text) => text.replace('"agent"', '"other"'));
    expect(gate.find(secret)).toMatchObject({ name: "other" });
  });

  test.each([
    ["is damaged", () => edit((text) => text.slice(1))],
    ["can be used by other users", () => chmodSync(path, 0o644)],
    ["is no file", () => replaceBy("mkfifo", "-m", "600")],
    ["is no file", () => replaceBy("mkdir", "-m", "700")],
  ])("lets nobody in while the list %s, and everybody again once that is mended", (message, spoil) => {
    const { secret } = create();
    const good = readFileSync(path, "utf8");
    const before = gate.find(secret);
    spoil();
    for (const text of [secret, secret, "cos_wrong"]) {
      expect(() => gate.find(text)).toThrow(
        expect.objectContaining({ code: "failed_precondition", message: expect.stringContaining(message) }),
      );
    }
    rmSync(path, { recursive: true });
    writeFileSync(path, good);
    chmodSync(path, 0o600);
    expect(gate.find(secret)).toBe(before);
  });
});
