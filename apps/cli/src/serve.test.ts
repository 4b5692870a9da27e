import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";

let installation: Installation;

beforeAll(() => {
  installation = makeInstallation();
});
afterAll(() => installation.remove());

describe("cos serve", () => {
  test("serves over HTTP until it is told to end", async () => {
    const server = installation.start(["serve", "--port", "0", "--insecure-no-auth", "--log-level", "silent"]);
    await server.printed("Serving at", "stderr");
    server.kill("SIGTERM");
    expect(await server.ended).toMatchObject({
      code: 0,
      stdout: "",
      stderr: expect.stringMatching(/^cos: Serving at http:\/\/127\.0\.0\.1:\d+\/mcp\n$/),
    });
  });

  test("has the options of cos-mcp, and says so in its own name", async () => {
    const help = await installation.cos(["serve", "--help"]);
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toMatch(/^Usage: cos serve \[options\]\n/);
    for (const option of ["--read-only", "--port N", "--tls-cert FILE", "--trusted-proxy ADDRESS"])
      expect(help.stdout).toContain(option);
    expect(help.stdout, "what is for standard input alone").not.toContain("--trust-dialogs");
    expect(await installation.cos(["serve", "--prot", "1"])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/^cos: .*--prot.*\nhint: See cos serve --help\n$/s),
    });
  });

  test("does not listen for other machines without more ado", async () => {
    expect(await installation.cos(["serve", "--host", "0.0.0.0"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^cos: .*in the clear.*\nhint: .*--tls-cert/),
    });
  });

  test("is among the commands", async () => {
    expect((await installation.cos(["--help"])).stdout).toMatch(/^ {2}serve +Serve cos to MCP clients over HTTP$/m);
    expect((await installation.cos(["help", "serve"])).stdout).toMatch(/^ {2}--tls-cert <file> +serve HTTPS/m);
  });
});
