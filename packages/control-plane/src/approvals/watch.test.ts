import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { decideApproval } from "./client.ts";
import { helloOf, toLine } from "./protocol.ts";
import { ask, bindingOf, type Desk, makeDesk, subjectOf } from "./testing/desk.ts";
import { type ApprovalEvent, watchApprovals } from "./watch.ts";

let desk: Desk;

beforeEach(() => {
  desk = makeDesk();
});
afterEach(async () => {
  vi.useRealTimers();
  await desk[Symbol.asyncDispose]();
});

type Events = AsyncGenerator<ApprovalEvent>;

async function next(events: Events): Promise<ApprovalEvent> {
  const { value, done } = await events.next();
  if (done === true) throw new Error("there is nothing more to see");
  return value as ApprovalEvent;
}

const changed = (what: string, reference: string) =>
  expect.objectContaining({ type: "change", what, approval: expect.objectContaining({ reference }) }) as ApprovalEvent;

describe("a person who watches", () => {
  test("sees what waits, and then whatever happens", async () => {
    const { approvals } = await desk.open();
    const { reference } = ask(approvals, "web");
    const events = watchApprovals(desk.access);
    const first = await next(events);
    expect(first).toEqual(changed("requested", reference));
    if (first.type === "change") await decideApproval(desk.access, first.approval, { approved: true });
    expect(await next(events)).toEqual(changed("approved", reference));
    approvals.consume(bindingOf("web"));
    expect(await next(events)).toEqual(changed("used", reference));
    const other = ask(approvals, "db");
    expect(await next(events)).toEqual(changed("requested", other.reference));
    approvals.decide(other.reference, { approved: false, approver: "bob" });
    expect(await next(events)).toEqual(changed("denied", other.reference));
    await events.return(undefined);
  });

  test("can start before there is anything, and sees processes that come later", async () => {
    const events = watchApprovals(desk.access);
    const first = next(events);
    for (const container of ["web", "db"]) {
      const { approvals } = await desk.open();
      const { reference } = ask(approvals, container);
      expect(await (container === "web" ? first : next(events))).toEqual(changed("requested", reference));
    }
    await events.return(undefined);
  });

  test("sees that a process was killed, and still sees the others", async () => {
    const { approvals } = await desk.open();
    const moduleUrl = (name: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, name)).href);
    const script = `
      const { openApprovalServer } = await import(${moduleUrl("server.ts")});
      const { readApprovers } = await import(${moduleUrl("keys.ts")});
      const { createApprovals } = await import(${moduleUrl("../../../policy/src/approvals.ts")});
      const [directory, approversFile, binding, subject] = process.argv.slice(1);
      const approvals = createApprovals();
      approvals.request(JSON.parse(binding), JSON.parse(subject));
      const trustedKeys = () => readApprovers(approversFile);
      await openApprovalServer({ directory, approvals, trustedKeys, onDecision() {}, writer: "mcp" });
    `;
    const flags = ["--conditions=@cos/source", "--input-type=module", "-e", script];
    const facts = [
      desk.directory,
      desk.approversFile,
      JSON.stringify(bindingOf("web")),
      JSON.stringify(subjectOf("web")),
    ];
    const child = spawn(process.execPath, [...flags, ...facts], { stdio: ["ignore", "ignore", "inherit"] });
    try {
      const events = watchApprovals(desk.access);
      expect(await next(events)).toMatchObject({ what: "requested", approval: { server: { pid: child.pid } } });
      child.kill("SIGKILL");
      expect(await next(events)).toMatchObject({ type: "ended", server: { pid: child.pid, writer: "mcp" } });
      const { reference } = ask(approvals, "db");
      expect(await next(events)).toEqual(changed("requested", reference));
      await events.return(undefined);
    } finally {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
  });

  test("is told of a process that does not trust the key, or does not make sense, and sees the others", async () => {
    const { approvals } = await desk.open();
    await desk.open({ trustedKeys: () => [] });
    await desk.openRogue((socket) => socket.write("what?\n"));
    const { reference } = ask(approvals, "web");
    const events = watchApprovals(desk.access);
    const seen = [await next(events), await next(events), await next(events)];
    expect(seen).toContainEqual(changed("requested", reference));
    for (const code of ["denied", "unavailable"]) {
      expect(seen).toContainEqual({ type: "warning", warning: expect.objectContaining({ code }) });
    }
    await events.return(undefined);
  });

  test("is told of a process that does not answer, and sees it once it does", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const events = watchApprovals(desk.access);
    const first = next(events);
    let wake = () => {};
    const connected = new Promise<void>((resolve) => {
      void desk.openRogue((socket, id) => {
        wake = () => void socket.end(toLine(helloOf({ id, pid: 1 }, "0".repeat(64))));
        resolve();
      });
    });
    await connected;
    vi.advanceTimersByTime(5_000);
    expect(await first).toMatchObject({ type: "warning", warning: { code: "deadline_exceeded" } });
    wake();
    expect(await next(events)).toMatchObject({ type: "ended", server: { pid: 1 } });
    await events.return(undefined);
  });

  test("gets every event, however slowly they are read", async () => {
    const { approvals } = await desk.open();
    const events = watchApprovals(desk.access);
    const first = next(events);
    for (let count = 0; count < 300; count++) {
      approvals.decide(ask(approvals, "web").reference, { approved: true, approver: "ann" });
      approvals.consume(bindingOf("web"));
    }
    ask(approvals, "last");
    const seen: (string | undefined)[] = [];
    for (let event = await first; ; event = await next(events)) {
      if (event.type !== "change") throw new Error("only changes happen here");
      seen.push(event.what);
      if (event.approval.target?.name === "cos-last") break;
    }
    expect(seen.filter((what) => what !== "requested").length % 2).toBe(0);
    expect(seen.at(-1)).toBe("requested");
    await events.return(undefined);
  });

  test.each(["stops reading", "is cancelled"])("lets go of every process when it %s", async (how) => {
    const stop = new AbortController();
    const events = watchApprovals(desk.access, stop);
    const first = next(events);
    const { approvals } = await desk.open();
    let letGo: Promise<unknown> | undefined;
    await desk.openRogue((socket, id) => {
      letGo = once(socket.resume(), "close");
      socket.write(toLine(helloOf({ id, pid: 1 }, "0".repeat(64))));
      ask(approvals, "web");
    });
    await first;
    if (how === "stops reading") {
      await events.return(undefined);
    } else {
      stop.abort();
      await expect(next(events)).rejects.toMatchObject({ code: "cancelled" });
    }
    await letGo;
  });

  test.each(["before", "meanwhile"])("is cancelled by the signal: %s", async (when) => {
    const { approvals } = await desk.open();
    const stop = new AbortController();
    if (when === "before") stop.abort();
    const events = watchApprovals(desk.access, stop);
    if (when === "meanwhile") {
      ask(approvals, "web");
      await next(events);
    }
    const waiting = next(events);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: "cancelled" });
  });

  test("does not watch where others can listen, and notices when they can", async () => {
    const { approvals } = await desk.open();
    ask(approvals, "web");
    const events = watchApprovals(desk.access);
    await next(events);
    const waiting = next(events);
    chmodSync(desk.directory, 0o777);
    await desk.openRogue(() => {});
    await expect(waiting).rejects.toMatchObject({ code: "failed_precondition" });
    await expect(next(watchApprovals(desk.access))).rejects.toMatchObject({ code: "failed_precondition" });
    rmSync(desk.directory, { recursive: true });
  });
});
