import { describe, expect, test } from "vitest";
import { findSecretNames, openSecrets, toSecretName } from "./secrets.ts";
import { defineWorkload } from "./spec/workload-spec.ts";

describe("a reference to a secret", () => {
  test.each(["A", "db-password", "a.b_c-9", "x".repeat(64)])("names it: %s", (name) => {
    expect(toSecretName(`secret://${name}`)).toBe(name);
  });

  test.each([
    "",
    "secret://",
    "secret://a b",
    "secret://a/b",
    " secret://A",
    "secret://A ",
    "SECRET://A",
    "secret://A\n",
    `secret://${"x".repeat(65)}`,
  ])("is not %j", (text) => {
    expect(toSecretName(text)).toBeUndefined();
  });

  test("is the value of a variable; what only begins like one is refused", () => {
    const define = (value: string) => defineWorkload({ env: { image: "busybox" }, variables: { TOKEN: value } });
    expect(define("secret://TOKEN").variables).toEqual({ TOKEN: "secret://TOKEN" });
    expect(define("see secret://TOKEN").variables).toEqual({ TOKEN: "see secret://TOKEN" });
    expect(() => define("secret://my token")).toThrow(/secret:\/\/NAME/);
  });

  test("is no build argument", () => {
    const build = { inline: "FROM busybox", arguments: { TOKEN: "secret://TOKEN" } };
    expect(() => defineWorkload({ env: { build } })).toThrow(/image's history/);
  });
});

describe("opening secrets", () => {
  test("asks for each once, and gives the values for the references", async () => {
    const asked: string[] = [];
    const secrets = await openSecrets(["secret://B", "plain", "secret://A", "secret://B"], (name) => {
      asked.push(name);
      return `value of ${name}`;
    });
    expect(asked).toEqual(["A", "B"]);
    expect(secrets.valueOf("secret://A")).toBe("value of A");
    expect(secrets.valueOf("plain")).toBe("plain");
    expect(secrets.redaction?.text("value of B")).toBe("[secret B]");
  });

  test("without references asks for nothing, and there is nothing to redact", async () => {
    const secrets = await openSecrets(["plain"], undefined);
    expect(secrets.redaction).toBeUndefined();
  });

  test("needs a source, and a value that can be told apart", async () => {
    const open = (source?: () => string) => openSecrets(["secret://A"], source);
    await expect(open()).rejects.toMatchObject({ code: "failed_precondition", hint: expect.any(String) });
    await expect(open(() => "abc")).rejects.toMatchObject({ code: "failed_precondition" });
    await expect(open(() => "a\0bcd")).rejects.toMatchObject({ code: "failed_precondition" });
  });

  test("finds each name once", () => {
    expect(findSecretNames(["secret://B", "secret://A", "secret://B", "x"])).toEqual(["A", "B"]);
  });
});
