import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { canonicalJson, CosError, digestOf } from "@cos/core";
import { createApprovals } from "@cos/policy";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { decideApproval, listApprovals, showApproval } from "./client.ts";
import { signWith } from "./keys.ts";
import { type ApproverRequest, type ApprovalView, bytesToSign } from "./protocol.ts";
import { socketPath } from "./runtime-directory.ts";
import { ask, bindingOf, type Desk, dial, makeDesk, subjectOf } from "./testing/desk.ts";

let desk: Desk;

beforeEach(() => {
  desk = makeDesk();
});
afterEach(async () => {
  vi.useRealTimers();
  await desk[Symbol.asyncDispose]();
});

interface Hello {
  readonly nonce: string;
  readonly server: { readonly id: string };
}

/** The line of an honest client. */
function signedLine({ nonce, server }: Hello, request: ApproverRequest, key = desk.key): string {
  const signature = signWith(key, bytesToSign(server.id, nonce, request));
  return `${JSON.stringify({ request, publicKey: key.publicKey, signature })}\n`;
}

function toApprove(view: ApprovalView): ApproverRequest {
  return { purpose: "decide", reference: view.reference, viewDigest: digestOf(view), approved: true };
}

describe("a server for approvers", () => {
  test("shows what waits, with all that a person needs to know", async () => {
    const { approvals, id } = await desk.open({ writer: "mcp" });
    const asked = ask(approvals, "web");
    const { approval } = await showApproval(desk.access, asked.reference);
    expect(approval).toEqual({
      reference: asked.reference,
      state: "pending",
      operation: "container_restart",
      engine: "local",
      caller: { kind: "stdio", name: "agent" },
      target: { kind: "container", id: "id-of-web", name: "cos-web", owner: "agent" },
      text: "Restart cos-web.",
      changes: { container: "cos-web" },
      asks: { network: "bridge", egress: true },
      rule: "changes-need-a-person",
      reason: "It changes something that runs.",
      input: { container: "web", note: "please\u001b[2J" },
      cut: false,
      requestedAt: asked.requestedAt.toISOString(),
      expiresAt: asked.expiresAt.toISOString(),
      bindingDigest: digestOf(bindingOf("web")),
      server: { id, pid: process.pid, writer: "mcp" },
    });
    expect((await listApprovals(desk.access)).approvals).toEqual([approval]);
  });

  test.each([
    [true, "approved"],
    [false, "denied"],
  ])("lets an approver decide: %s", async (approved, state) => {
    const onDecision = vi.fn();
    const { approvals } = await desk.open({ onDecision });
    const asked = ask(approvals, "web");
    const settled = approvals.settled(asked.reference);
    const { approval } = await showApproval(desk.access, asked.reference);
    const decided = await decideApproval(desk.access, approval, { approved, comment: "as agreed" });
    expect(decided).toMatchObject({ reference: asked.reference, state, approver: "ann", comment: "as agreed" });
    expect(await settled).toBe(state);
    expect(approvals.consume(bindingOf("web")) !== undefined).toBe(approved);
    expect(onDecision.mock.calls).toEqual([[asked, { approved, approver: "ann", comment: "as agreed" }]]);
  });

  test("takes a comment of up to 1000 characters", async () => {
    const { approvals } = await desk.open();
    const { approval } = await showApproval(desk.access, ask(approvals, "web").reference);
    const decide = (comment: string) => decideApproval(desk.access, approval, { approved: false, comment });
    await expect(decide("x".repeat(1001))).rejects.toMatchObject({ code: "invalid_argument" });
    expect((await decide("x".repeat(1000))).comment).toBe("x".repeat(1000));
  });

  test("decides nothing that could not be put on record", async () => {
    const failure = new CosError("failed_precondition", "The audit log cannot be written.", { hint: "Check it." });
    const { approvals } = await desk.open({
      onDecision: () => {
        throw failure;
      },
    });
    const { reference } = ask(approvals, "web");
    const { approval } = await showApproval(desk.access, reference);
    await expect(decideApproval(desk.access, approval, { approved: true })).rejects.toMatchObject(failure.toJSON());
    expect(approvals.get(reference)?.state).toBe("pending");
  });

  test("decides a request once, and not one that is gone", async () => {
    const onDecision = vi.fn();
    const { approvals } = await desk.open({ onDecision });
    const { reference } = ask(approvals, "web");
    const { approval } = await showApproval(desk.access, reference);
    await decideApproval(desk.access, approval, { approved: false });
    const now = (await showApproval(desk.access, reference)).approval;
    for (const shown of [approval, now]) {
      await expect(decideApproval(desk.access, shown, { approved: true })).rejects.toMatchObject({ code: "conflict" });
    }
    expect(approvals.get(reference)?.state).toBe("denied");

    ask(approvals, "db");
    const { approval: other } = await showApproval(desk.access, approvals.list()[0]?.reference ?? "");
    await decideApproval(desk.access, other, { approved: true });
    approvals.consume(bindingOf("db"));
    await expect(decideApproval(desk.access, other, { approved: true })).rejects.toMatchObject({ code: "not_found" });
    expect(onDecision).toHaveBeenCalledTimes(2);
  });

  test("shows how a request begins that is too long to be sent, says so, and lets it be decided all the same", async () => {
    const { approvals } = await desk.open();
    const long = {
      text: "\u0001".repeat(500_000),
      changes: { a: "\u20ac".repeat(500_000) },
      input: ["please ".repeat(99_000)],
    };
    const asked = approvals.request(bindingOf("web"), { ...subjectOf("web"), ...long });
    const { approval } = await showApproval(desk.access, asked?.reference ?? "");
    expect(approval).toMatchObject({ cut: true, reference: asked?.reference, operation: "container_restart" });
    expect(approval.text.length).toBeGreaterThan(1000);
    expect(approval.input).toMatch(/^\["please please /);
    expect(Buffer.byteLength(JSON.stringify(approval))).toBeLessThan(64 * 1024);
    expect((await decideApproval(desk.access, approval, { approved: true })).state).toBe("approved");
  });

  test("sends as many requests as there can be", async () => {
    const { approvals } = await desk.open({ approvals: createApprovals({ perCaller: 256 }) });
    for (let count = 0; count < 256; count++) {
      approvals.request(bindingOf(`c${count}`), { ...subjectOf("c"), input: "x".repeat(60_000) });
    }
    expect((await listApprovals(desk.access)).approvals.length).toBe(256);
  });

  test("is reached by its user alone, under a name that tells its process, and leaves nothing behind", async () => {
    const { server, id } = await desk.open();
    expect(id).toMatch(new RegExp(`^${process.pid}-[0-9a-f]{16}$`));
    expect(statSync(desk.directory).mode & 0o777).toBe(0o700);
    expect(statSync(socketPath(desk.directory, id)).mode & 0o777).toBe(0o600);
    expect(readdirSync(desk.directory)).toEqual([`approvals-${id}.sock`]);
    const connection = await dial(desk.directory, id);
    await server.close();
    expect(await connection.rest()).toEqual([expect.objectContaining({ type: "hello" })]);
    expect(readdirSync(desk.directory)).toEqual([]);
  });

  test("does not open where others could listen in its place", async () => {
    mkdirSync(desk.directory, { mode: 0o700 });
    chmodSync(desk.directory, 0o777);
    await expect(desk.open()).rejects.toMatchObject({ code: "failed_precondition" });
    expect(readdirSync(desk.directory)).toEqual([]);
  });

  test("does not open where it cannot make a socket", async () => {
    const directory = `${desk.directory}/${"long".repeat(20)}`;
    await expect(desk.open({ directory })).rejects.toMatchObject({
      code: "failed_precondition",
      hint: expect.stringContaining("COS_RUNTIME_DIR") as string,
    });
  });
});

describe("whoever is no approver", () => {
  const isRefused = [{ type: "refused" }];

  test.each([
    ["is not on the list", () => desk.strangersKey()],
    ["says that its key is an approver's", () => ({ ...desk.strangersKey(), publicKey: desk.key.publicKey })],
  ])("learns and decides nothing: one who %s", async (_name, makeKey) => {
    const onDecision = vi.fn();
    const { approvals } = await desk.open({ onDecision });
    const { reference } = ask(approvals, "web");
    const { approval } = await showApproval(desk.access, reference);
    const access = { ...desk.access, key: makeKey() };
    const denied = expect.objectContaining({ code: "denied" });
    expect(await listApprovals(access)).toEqual({ approvals: [], warnings: [denied] });
    await expect(showApproval(access, reference)).rejects.toMatchObject({ code: "not_found" });
    await expect(decideApproval(access, approval, { approved: true })).rejects.toEqual(denied);
    expect(approvals.get(reference)?.state).toBe("pending");
    expect(onDecision).not.toHaveBeenCalled();
  });

  test.each([
    ["is missing", () => rmSync(desk.approversFile)],
    ["is empty", () => writeFileSync(desk.approversFile, '{"approvers":[]}')],
    ["is damaged", () => writeFileSync(desk.approversFile, '{"approvers":[')],
    ["can be written by others", () => chmodSync(desk.approversFile, 0o620)],
  ])("is everybody when the list %s", async (_name, change) => {
    const { approvals } = await desk.open();
    ask(approvals, "web");
    change();
    expect(await listApprovals(desk.access)).toEqual({
      approvals: [],
      warnings: [expect.objectContaining({ code: "denied" })],
    });
  });

  test("gets the same refusal for every kind of forgery, and nothing is decided", async () => {
    const onDecision = vi.fn();
    const { approvals, id } = await desk.open({ onDecision });
    const { id: otherId } = await desk.open();
    const { reference } = ask(approvals, "web");
    const request = toApprove((await showApproval(desk.access, reference)).approval);
    const list: ApproverRequest = { purpose: "list" };
    const sign = (server: string, nonce: string, signed: object) =>
      signWith(desk.key, bytesToSign(server, nonce, signed as ApproverRequest));
    const forgeries: Record<string, (nonce: string) => string> = {
      "no signature": () => "",
      "no base64": () => "*".repeat(88),
      "of zeros": () => Buffer.alloc(64).toString("base64"),
      "cut short": (nonce) => sign(id, nonce, request).slice(0, 80),
      "for another nonce": () => sign(id, "0".repeat(64), request),
      "for another server": (nonce) => sign(otherId, nonce, request),
      "for another request": (nonce) => sign(id, nonce, list),
      "for another reference": (nonce) => sign(id, nonce, { ...request, reference: "00000000" }),
      "for the opposite": (nonce) => sign(id, nonce, { ...request, approved: false }),
      "for a comment": (nonce) => sign(id, nonce, { ...request, comment: "x" }),
      "for another view": (nonce) => sign(id, nonce, { ...request, viewDigest: "0".repeat(64) }),
      "without a protocol": (nonce) => signWith(desk.key, Buffer.from(canonicalJson({ server: id, nonce, request }))),
      "by a stranger": (nonce) => signWith(desk.strangersKey(), bytesToSign(id, nonce, request)),
    };
    for (const [name, forge] of Object.entries(forgeries)) {
      const connection = await dial(desk.directory, id);
      const { nonce } = (await connection.next()) as Hello;
      connection.socket.write(
        `${JSON.stringify({ request, publicKey: desk.key.publicKey, signature: forge(nonce) })}\n`,
      );
      expect(await connection.rest(), name).toEqual(isRefused);
    }
    expect(approvals.get(reference)?.state).toBe("pending");
    expect(onDecision).not.toHaveBeenCalled();
  });

  test("cannot use a session that was recorded, on any connection of any server", async () => {
    const { approvals, id } = await desk.open();
    const { reference } = ask(approvals, "web");
    const { approval } = await showApproval(desk.access, reference);
    const { id: otherId } = await desk.open({ approvals });
    const recorded: string[] = [];
    for (const request of [{ purpose: "list" }, { purpose: "show", reference }, toApprove(approval)] as const) {
      const connection = await dial(desk.directory, id);
      const line = signedLine((await connection.next()) as Hello, request);
      recorded.push(line);
      connection.socket.write(line);
      expect(await connection.rest()).toContainEqual({ type: "end" });
    }
    approvals.consume(bindingOf("web"));
    const again = ask(approvals, "web");

    for (const server of [id, otherId]) {
      for (const line of recorded) {
        const connection = await dial(desk.directory, server);
        await connection.next();
        connection.socket.write(line);
        expect(await connection.rest()).toEqual(isRefused);
      }
    }
    expect(approvals.get(again.reference)?.state).toBe("pending");
  });

  test("cannot ask a second time with one nonce", async () => {
    const { approvals, id } = await desk.open();
    const { reference } = ask(approvals, "web");
    const { approval } = await showApproval(desk.access, reference);
    const connection = await dial(desk.directory, id);
    const hello = (await connection.next()) as Hello;
    connection.socket.write(signedLine(hello, { purpose: "list" }) + signedLine(hello, toApprove(approval)));
    await connection.rest();
    expect(approvals.get(reference)?.state).toBe("pending");
  });

  test("gets a nonce that is new on every connection", async () => {
    const { id } = await desk.open();
    const nonces = new Set<string>();
    for (let count = 0; count < 50; count++) {
      const connection = await dial(desk.directory, id);
      nonces.add(((await connection.next()) as Hello).nonce);
      connection.socket.destroy();
    }
    expect(nonces.size).toBe(50);
  });

  test("is one whose key was taken off the list, also while watching", async () => {
    const { approvals, id } = await desk.open();
    const connection = await dial(desk.directory, id);
    connection.socket.write(signedLine((await connection.next()) as Hello, { purpose: "watch" }));
    ask(approvals, "web");
    expect(await connection.next()).toMatchObject({ type: "change", what: "requested" });
    writeFileSync(desk.approversFile, '{"approvers":[]}');
    ask(approvals, "db");
    expect(await connection.rest()).toEqual([]);
  });
});

describe("what is approved", () => {
  test("is what was shown: the answer for one request decides no other", async () => {
    const onDecision = vi.fn();
    const { approvals, id } = await desk.open({ onDecision });
    const harmless = ask(approvals, "web");
    const harmful = ask(approvals, "db");
    const { approval } = await showApproval(desk.access, harmless.reference);
    const flipped = { ...approval, reference: harmful.reference };
    await expect(decideApproval(desk.access, flipped, { approved: true })).rejects.toMatchObject({ code: "conflict" });

    const connection = await dial(desk.directory, id);
    const request = { ...toApprove(approval), reference: harmful.reference } as ApproverRequest;
    connection.socket.write(signedLine((await connection.next()) as Hello, request));
    expect(await connection.rest()).toEqual([
      expect.objectContaining({ type: "error", code: "conflict" }),
      { type: "end" },
    ]);
    expect(approvals.list().length).toBe(2);
    expect(onDecision).not.toHaveBeenCalled();
  });

  test.each<[string, (view: ApprovalView) => ApprovalView]>([
    ["text", (view) => ({ ...view, text: "Read the weather." })],
    ["target", (view) => ({ ...view, target: { kind: "container", id: "another" } })],
    ["caller", (view) => ({ ...view, caller: { kind: "stdio", name: "another" } })],
    ["input", (view) => ({ ...view, input: {} })],
    ["changes", (view) => ({ ...view, changes: {} })],
    ["binding", (view) => ({ ...view, bindingDigest: "0".repeat(64) })],
    ["expiry", (view) => ({ ...view, expiresAt: "2099-01-01T00:00:00.000Z" })],
  ])("is what was shown: another %s, and nothing is decided", async (_name, change) => {
    const { approvals } = await desk.open();
    const { reference } = ask(approvals, "web");
    const { approval } = await showApproval(desk.access, reference);
    await expect(decideApproval(desk.access, change(approval), { approved: true })).rejects.toMatchObject({
      code: "conflict",
      hint: "Look at it again, and then decide.",
    });
    expect(approvals.get(reference)?.state).toBe("pending");
  });

  test("is not what another process shows under the same reference", async () => {
    const one = await desk.open();
    const other = await desk.open();
    const { reference } = ask(one.approvals, "web");
    ask(other.approvals, "web");
    const { approval } = await showApproval(desk.access, reference);
    const moved = { ...approval, server: { ...approval.server, id: other.id } };
    await expect(decideApproval(desk.access, moved, { approved: true })).rejects.toMatchObject({ code: "not_found" });
    expect(one.approvals.list().length + other.approvals.list().length).toBe(2);
  });
});

describe("a connection that is not as it should be", () => {
  test.each([
    ["an empty line", "\n"],
    ["no JSON", "list\n"],
    ["a web page's request", "POST / HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["null", "null\n"],
    ["another shape", '{"purpose":"list"}\n'],
    ["deep nesting", `${"[".repeat(200_000)}\n`],
    ["an unknown member", '{"request":{"purpose":"list"},"publicKey":"","signature":"","more":1}\n'],
    ["a reference that is none", '{"request":{"purpose":"show","reference":"../x"},"publicKey":"","signature":""}\n'],
    ["a huge line", `${JSON.stringify({ request: "x".repeat(300_000) })}\n`],
    ["a huge line without an end", "x".repeat(300_000)],
  ])("is closed without an answer: %s", async (_name, text) => {
    const { approvals, id } = await desk.open();
    ask(approvals, "web");
    const connection = await dial(desk.directory, id);
    await connection.next();
    connection.socket.write(text);
    expect(await connection.rest()).toEqual([]);
    expect((await listApprovals(desk.access)).approvals.length).toBe(1);
  });

  test("is closed without an answer, whatever it sends", async () => {
    const { approvals, id } = await desk.open();
    ask(approvals, "web");
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const connection = await dial(desk.directory, id);
        await connection.next();
        connection.socket.end(Buffer.concat([bytes, Buffer.from("\n")]));
        expect(await connection.rest()).toEqual([]);
      }),
      { numRuns: 50 },
    );
    expect((await listApprovals(desk.access)).approvals.length).toBe(1);
  });

  test("is closed when its time is over, however busy it looks", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { id } = await desk.open();
    const silent = await dial(desk.directory, id);
    const slow = await dial(desk.directory, id);
    await Promise.all([silent.next(), slow.next()]);
    for (let passedMs = 0; passedMs < 5_000; passedMs += 1_000) {
      slow.socket.write(" ");
      vi.advanceTimersByTime(1_000);
    }
    expect(await Promise.all([silent.rest(), slow.rest()])).toEqual([[], []]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is not closed while it watches, unless it talks", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { approvals, id } = await desk.open();
    const connection = await dial(desk.directory, id);
    connection.socket.write(signedLine((await connection.next()) as Hello, { purpose: "watch" }));
    ask(approvals, "web");
    await connection.next();
    vi.advanceTimersByTime(100_000);
    ask(approvals, "db");
    expect(await connection.next()).toMatchObject({ type: "change" });
    connection.socket.write("{}\n");
    expect(await connection.rest()).toEqual([]);
  });

  test("does not keep out an approver, also when there are very many", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { approvals, id } = await desk.open();
    ask(approvals, "web");
    const silent = await Promise.all(Array.from({ length: 100 }, () => dial(desk.directory, id)));
    expect((await listApprovals(desk.access)).approvals.length).toBe(1);
    // The oldest have made room: no time has passed.
    await Promise.all(silent.slice(0, 36).map((connection) => connection.rest()));
    for (const { socket } of silent) socket.destroy();
  });

  test("is closed when its reader does not read, before much waits for it", async () => {
    const { approvals, id } = await desk.open({ approvals: createApprovals({ perCaller: 256 }) });
    const connection = await dial(desk.directory, id);
    connection.socket.write(signedLine((await connection.next()) as Hello, { purpose: "watch" }));
    ask(approvals, "web");
    await connection.next();
    const events = 3 * 250;
    for (let count = 0; count < events / 3; count++) {
      const subject = { ...subjectOf("c"), input: "x".repeat(60_000) };
      const { reference = "" } = approvals.request(bindingOf(`c${count}`), subject) ?? {};
      approvals.decide(reference, { approved: true, approver: "ann" });
      approvals.consume(bindingOf(`c${count}`));
    }
    expect((await connection.rest()).length).toBeLessThan(events);
  });
});
