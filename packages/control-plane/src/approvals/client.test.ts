import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { createApprovals } from "@cos/policy";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { decideApproval, listApprovals, showApproval } from "./client.ts";
import { helloOf, type ServerMessage, toApprovalView, toLine } from "./protocol.ts";
import { socketPath } from "./runtime-directory.ts";
import { ask, bindingOf, type Desk, makeDesk, subjectOf } from "./testing/desk.ts";

let desk: Desk;

beforeEach(() => {
  desk = makeDesk();
});
afterEach(async () => {
  vi.useRealTimers();
  await desk[Symbol.asyncDispose]();
});

const nonce = "0".repeat(64);
const say = (socket: Socket, ...messages: ServerMessage[]) => socket.write(messages.map(toLine).join(""));
const hello = (id: string) => helloOf({ id, pid: 1 }, nonce);

describe("a person who asks what waits", () => {
  test("sees what waits in every process, oldest first, and nothing that is decided", async () => {
    let now = new Date("2026-03-01T12:00:00.000Z");
    const today = () => now;
    const [one, other] = [
      await desk.open({ approvals: createApprovals({ today }) }),
      await desk.open({ approvals: createApprovals({ today }) }),
    ];
    const oldest = ask(other.approvals, "a");
    now = new Date("2026-03-01T12:01:00.000Z");
    const middle = ask(one.approvals, "b");
    now = new Date("2026-03-01T12:02:00.000Z");
    const newest = ask(other.approvals, "c");
    other.approvals.decide(ask(other.approvals, "d").reference, { approved: false, approver: "ann" });
    const { approvals, warnings } = await listApprovals(desk.access);
    expect(approvals.map(({ reference }) => reference)).toEqual(
      [oldest, middle, newest].map(({ reference }) => reference),
    );
    expect(warnings).toEqual([]);
  });

  test("sees nothing where nothing ever waited", async () => {
    expect(await listApprovals(desk.access)).toEqual({ approvals: [], warnings: [] });
    await expect(showApproval(desk.access, "abcd")).rejects.toMatchObject({
      code: "not_found",
      hint: expect.stringContaining("List") as string,
    });
    expect(existsSync(desk.directory)).toBe(false);
  });

  test("names a request by the beginning of its reference, in upper or lower case", async () => {
    const { approvals } = await desk.open();
    const { reference } = ask(approvals, "web");
    for (const text of [reference, reference.toUpperCase(), reference.slice(0, 4)]) {
      expect((await showApproval(desk.access, text)).approval.reference).toBe(reference);
    }
  });

  test("can look at a request that was decided, by its whole reference", async () => {
    const { approvals } = await desk.open();
    const { reference } = ask(approvals, "web");
    approvals.decide(reference, { approved: false, approver: "bob", comment: "no" });
    const { approval } = await showApproval(desk.access, reference);
    expect(approval).toMatchObject({ state: "denied", approver: "bob", comment: "no" });
  });

  test("is told when the beginning is that of several, in whatever processes", async () => {
    const servers = [await desk.open(), await desk.open()];
    const references: string[] = [];
    // With 33 requests and 32 letters, two references begin alike.
    for (let count = 0; count < 33; count++) {
      const { approvals } = servers[count % 2] ?? servers[0] ?? (await desk.open());
      const asked = approvals.request(
        bindingOf(`c${count}`, { caller: { kind: "http", name: `n${count}` } }),
        subjectOf("c"),
      );
      references.push(asked?.reference ?? "");
    }
    const first = references.map((reference) => reference.slice(0, 1));
    const shared = first.find((letter, index) => first.indexOf(letter) !== index) ?? "";
    const meant = references.filter((reference) => reference.startsWith(shared));
    const failure = await showApproval(desk.access, shared).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "ambiguous" });
    expect((failure as { details: { references: string[] } }).details.references.toSorted()).toEqual(meant.toSorted());
  });

  test.each(["", "nothing1", "zzzzzzzz", "abcdefghi", "../../etc", "a b", "\u001b[2J", "*"])(
    "is told that there is no request %j",
    async (reference) => {
      const { approvals } = await desk.open();
      ask(approvals, "web");
      await expect(showApproval(desk.access, reference)).rejects.toMatchObject({ code: "not_found" });
    },
  );

  test("does not ask in a directory where others can listen", async () => {
    await desk.open();
    chmodSync(desk.directory, 0o755);
    await expect(listApprovals(desk.access)).rejects.toMatchObject({ code: "failed_precondition" });
    chmodSync(desk.directory, 0o700);
    const real = `${desk.directory}-real`;
    renameSync(desk.directory, real);
    symlinkSync(real, desk.directory);
    for (const directory of [desk.directory, `${desk.directory}/`]) {
      await expect(listApprovals({ ...desk.access, directory })).rejects.toMatchObject({ code: "failed_precondition" });
    }
    renameSync(desk.directory, `${desk.directory}-link`);
    renameSync(real, desk.directory);
  });

  test("can stop asking, before and meanwhile", async () => {
    await desk.open();
    await expect(listApprovals(desk.access, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "cancelled",
    });
    const stop = new AbortController();
    await desk.openRogue(() => stop.abort("enough"));
    await expect(listApprovals(desk.access, stop)).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("a process that does not do its part", () => {
  const rogues: Record<string, (socket: Socket, id: string) => void> = {
    "closes at once": (socket) => socket.destroy(),
    "speaks another protocol": (socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"),
    "sends a line without an end": (socket) => socket.write("x".repeat(300_000)),
    "speaks another version": (socket, id) => socket.write(toLine(hello(id)).replace("approvals/1", "approvals/2")),
    "says that it is another": (socket) => say(socket, hello("1-0123456789abcdef")),
    "answers before it says hello": (socket) => say(socket, { type: "end" }),
    "says hello twice": (socket, id) => say(socket, hello(id), hello(id)),
    "ends before its answer does": (socket, id) => {
      say(socket, hello(id));
      socket.once("data", () => socket.end());
    },
    "answers with what is no request": (socket, id) =>
      say(socket, hello(id), { type: "approval", approval: { reference: "x" } } as unknown as ServerMessage),
    "shows another's request": (socket, id) => {
      const approval = createApprovals().request(bindingOf("fake"), subjectOf("fake"));
      if (approval === undefined) return;
      const view = toApprovalView(approval, { id: "1-0123456789abcdef", pid: 1 });
      say(socket, hello(id), { type: "approval", approval: view }, { type: "end" });
    },
    "never stops": (socket, id) => {
      const approval = createApprovals().request(bindingOf("fake"), subjectOf("fake"));
      if (approval === undefined) return;
      const line = toLine({ type: "approval", approval: toApprovalView(approval, { id, pid: 1 }) });
      say(socket, hello(id));
      const more = () => {
        while (!socket.destroyed && socket.write(line));
      };
      socket.on("drain", more);
      more();
    },
  };

  test.each(Object.entries(rogues))("keeps nobody from the others: one that %s", async (_name, behave) => {
    const { approvals } = await desk.open();
    const { reference } = ask(approvals, "web");
    await desk.openRogue(behave);
    const { approvals: listed, warnings } = await listApprovals(desk.access);
    expect(listed.map((approval) => approval.reference)).toEqual([reference]);
    expect(warnings).toEqual([expect.objectContaining({ code: "unavailable" })]);
    expect(warnings[0]?.message).toContain(`process ${process.pid}`);
    expect((await showApproval(desk.access, reference)).warnings.length).toBe(1);
    await expect(showApproval(desk.access, "00000000")).rejects.toMatchObject({
      code: "not_found",
      details: { warnings: [expect.objectContaining({ code: "unavailable" })] },
    });
  });

  test.each<[string, (socket: Socket, id: string) => void]>([
    ["says nothing", () => {}],
    ["says hello and nothing more", (socket, id) => say(socket, hello(id))],
    ["says half a line now and then", (socket) => socket.write("{")],
  ])("is not waited for: one that %s", async (_name, behave) => {
    const { approvals } = await desk.open();
    ask(approvals, "web");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await listApprovals(desk.access);
    await desk.openRogue(behave);
    const listing = listApprovals(desk.access);
    // The honest process has answered when only the other one's time runs, and that of the request that waits.
    await expect.poll(() => vi.getTimerCount()).toBe(2);
    vi.advanceTimersByTime(5_000);
    const { approvals: listed, warnings } = await listing;
    expect(listed.length).toBe(1);
    expect(warnings).toEqual([expect.objectContaining({ code: "deadline_exceeded" })]);
  });

  test("and may have decided, is reported so", async () => {
    const { approvals } = await desk.open();
    const { approval } = await showApproval(desk.access, ask(approvals, "web").reference);
    const rogue = async (behave: (socket: Socket, id: string) => void) => {
      const id = await desk.openRogue(behave);
      return { ...approval, server: { ...approval.server, id } };
    };
    const asked = await rogue((socket, id) => {
      say(socket, hello(id));
      socket.once("data", () => socket.destroy());
    });
    await expect(decideApproval(desk.access, asked, { approved: true })).rejects.toMatchObject({
      code: "unavailable",
      details: { unknown: true },
    });
    const silent = await rogue((socket, id) => {
      say(socket, hello(id));
      socket.once("data", () => say(socket, { type: "end" }));
    });
    await expect(decideApproval(desk.access, silent, { approved: true })).rejects.toMatchObject({
      code: "unavailable",
      details: { unknown: true },
    });
    const unasked = await rogue((socket) => socket.destroy());
    await expect(decideApproval(desk.access, unasked, { approved: true })).rejects.toMatchObject({
      code: "unavailable",
      details: undefined,
    });
  });

  test("cannot pass on to another process what it has changed in between", async () => {
    const onDecision = vi.fn();
    const { approvals, id } = await desk.open({ onDecision });
    const { reference } = ask(approvals, "web");
    await desk.openRogue((socket, rogueId) => {
      const relay = connect({ path: socketPath(desk.directory, id) });
      relay.on("error", () => {});
      const swap = (from: string, to: string) => (bytes: Buffer) => bytes.toString().replaceAll(from, to);
      const toPerson = swap(id, rogueId);
      relay.on("data", (bytes: Buffer) => socket.write(toPerson(bytes).replaceAll("Restart", "Look at")));
      socket.on("data", (bytes: Buffer) => relay.write(swap(rogueId, id)(bytes)));
      relay.on("close", () => socket.destroy());
    });
    const { approvals: listed, warnings } = await listApprovals(desk.access);
    expect(listed.map(({ text }) => text)).toEqual(["Restart cos-web."]);
    expect(warnings).toEqual([expect.objectContaining({ code: "denied" })]);
    expect(approvals.get(reference)?.state).toBe("pending");
    expect(onDecision).not.toHaveBeenCalled();
  });
});

describe("what is left of processes that have ended", () => {
  test("is removed: a socket that nobody listens to", async () => {
    const { approvals, id } = await desk.open();
    ask(approvals, "web");
    const dead = "4000000-0123456789abcdef";
    const script = `require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
    const path = socketPath(desk.directory, dead);
    await promisify(execFile)(process.execPath, ["-e", script, path]).catch(() => undefined);
    expect(existsSync(path)).toBe(true);
    const { approvals: listed, warnings } = await listApprovals(desk.access);
    expect(listed.length).toBe(1);
    expect(warnings).toEqual([]);
    expect(readdirSync(desk.directory)).toEqual([`approvals-${id}.sock`]);
  });

  test("is not: files and links with the name of a socket, and sockets with another", async () => {
    const { id } = await desk.open();
    writeFileSync(socketPath(desk.directory, "1-0123456789abcdef"), "precious");
    symlinkSync(socketPath(desk.directory, id), socketPath(desk.directory, "2-0123456789abcdef"));
    mkdirSync(socketPath(desk.directory, "3-0123456789abcdef"));
    writeFileSync(join(desk.directory, "approvals-.sock"), "");
    expect(await listApprovals(desk.access)).toEqual({ approvals: [], warnings: [] });
    expect(readdirSync(desk.directory).length).toBe(5);
  });

  test("decides nothing", async () => {
    const { server, approvals } = await desk.open();
    const { approval } = await showApproval(desk.access, ask(approvals, "web").reference);
    await server.close();
    await expect(decideApproval(desk.access, approval, { approved: true })).rejects.toMatchObject({
      code: "not_found",
      hint: expect.stringContaining("repeat the call") as string,
    });
  });
});
