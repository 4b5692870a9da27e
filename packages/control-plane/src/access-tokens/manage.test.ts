import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { catalogue } from "../catalogue.ts";
import { openOperator, type Operator } from "../operator.ts";
import { person } from "../testing/bench.ts";

let home: string;
let path: string;
let operator: Operator;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "cos-tokens-"));
  path = join(home, "config", "cos", "access-tokens.json");
  operator = openOperator({ env: { XDG_CONFIG_HOME: join(home, "config"), XDG_STATE_HOME: join(home, "state") } });
});
afterEach(() => rmSync(home, { recursive: true }));

const failure = (code: string, message = "") =>
  expect.objectContaining({ code, message: expect.stringContaining(message) }) as Error;

/** Everything in every file of the installation. */
const everything = () =>
  readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    .join("\n");

async function events() {
  const found: unknown[] = [];
  for await (const { operation, stage, caller, target } of operator.audit.read({}))
    found.push([operation, stage, caller, target]);
  return found;
}

describe("an access token", () => {
  test("is 256 random bits, told once; only its hash is kept, for this user alone", () => {
    const { secret, token } = operator.tokens.create({ name: "agent" }, person);
    expect(secret).toMatch(/^cos_[A-Za-z0-9_-]{43}$/);
    expect(operator.tokens.create({ name: "agent" }, person).secret).not.toBe(secret);
    expect(token).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}$/),
      name: "agent",
      trustsDialogs: false,
      createdAt: expect.any(String),
      createdBy: "user",
    });
    expect(operator.tokens.list()).toMatchObject([token, { name: "agent" }]);
    expect(JSON.stringify(operator.tokens.list())).not.toContain("sha256");
    expect(everything()).not.toContain(secret.slice(4));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(home, "config", "cos")).toSorted()).toEqual(["access-tokens.json", "key.json"]);
  });

  test("has the time and the trust that it is given", () => {
    const { token } = operator.tokens.create({ name: "ci", forSeconds: 3600, trustsDialogs: true }, person);
    expect(token.trustsDialogs).toBe(true);
    expect(Date.parse(token.expiresAt ?? "") - Date.parse(token.createdAt)).toBe(3_600_000);
  });

  test.each([
    ["user", "is reserved"],
    ["cos", "is reserved"],
    ["", "not valid"],
    ["two words", "not valid"],
    ["a\nb", "not valid"],
    ["oauth-alice", "OAuth issuer"],
    ["oauth.0123", "OAuth issuer"],
  ])("cannot be for %j", (name, message) => {
    expect(() => operator.tokens.create({ name }, person)).toThrow(failure("invalid_argument", message));
    expect(readdirSync(home)).toEqual([]);
  });

  test("is revoked by its id alone, or with all others of its name; the log has who made and revoked it", async () => {
    const [one, two, other] = ["agent", "agent", "ci"].map((name) => operator.tokens.create({ name }, person).token);
    expect(operator.tokens.revoke(one?.id ?? "", person)).toEqual([one]);
    expect(operator.tokens.list()).toEqual([two, other]);
    const { token: three } = operator.tokens.create({ name: "agent" }, person);
    expect(operator.tokens.revoke("agent", person)).toEqual([two, three]);
    expect(operator.tokens.list()).toEqual([other]);
    const by = { kind: "terminal", name: "user" };
    const record = (operation: string, token: typeof one) =>
      ["started", "succeeded"].map((stage) => [
        operation,
        stage,
        by,
        { kind: "token", id: token?.id, name: token?.name },
      ]);
    expect(await events()).toEqual([
      ...[one, two, other].flatMap((token) => record("token_create", token)),
      ...record("token_revoke", one),
      ...record("token_create", three),
      ...record("token_revoke", two),
      ...record("token_revoke", three),
    ]);
    expect(await operator.audit.verify()).toMatchObject({ intact: true });
  });

  test.each(["", "agent", "00000000"])("that there is not cannot be revoked: %j", (word) => {
    expect(() => operator.tokens.revoke(word, person)).toThrow(failure("not_found", "There is no token"));
    expect(readdirSync(home)).toEqual([]);
  });

  test("is not made, and that is recorded, when there are too many", async () => {
    const { token } = operator.tokens.create({ name: "agent" }, person);
    const [stored] = (JSON.parse(readFileSync(path, "utf8")) as { tokens: object[] }).tokens;
    writeFileSync(path, JSON.stringify({ tokens: Array.from({ length: 1000 }, () => stored) }));
    expect(() => operator.tokens.create({ name: "agent" }, person)).toThrow(failure("invalid_argument"));
    expect(operator.tokens.list()).toHaveLength(1000);
    expect((await events()).at(-1)).toMatchObject(["token_create", "failed", {}, {}]);
    expect(token.id).toMatch(/^[0-9a-f]+$/);
  });
});

test("no call makes or revokes a token: whoever could call would let in whom it likes", () => {
  expect(catalogue.map(({ name }) => name).filter((name) => name.includes("token"))).toEqual([]);
});

describe("the list of tokens", () => {
  test.each(["", "{", "[]", '{"tokens":[{}]}', '{"tokens":[],"more":1}'])(
    "is refused and left as it is when it is damaged: %j",
    (text) => {
      mkdirSync(join(home, "config", "cos"), { recursive: true });
      writeFileSync(path, text, { mode: 0o600 });
      expect(() => operator.tokens.list()).toThrow(failure("failed_precondition", "is damaged"));
      expect(() => operator.tokens.create({ name: "agent" }, person)).toThrow(failure("failed_precondition"));
      expect(() => operator.tokens.revoke("agent", person)).toThrow(failure("failed_precondition"));
      expect(readFileSync(path, "utf8")).toBe(text);
    },
  );

  test.each([0o640, 0o604, 0o620, 0o602])("is refused when others can use it (mode %o)", (mode) => {
    operator.tokens.create({ name: "agent" }, person);
    chmodSync(path, mode);
    expect(() => operator.tokens.list()).toThrow(failure("failed_precondition", "can be used by other users"));
  });
});
