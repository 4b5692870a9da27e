import { randomBytes } from "node:crypto";
import { describeEngine, type MadeContainer } from "@cos/core/testing";
import { afterAll, inject } from "vitest";
import { connectDocker } from "../connect.ts";
import { removeContainersWith, startRawContainer } from "../testing/raw-engine.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The unix socket of each engine that runs beside the one of the machine, by the engine's name. */
    engineSockets: Readonly<Record<string, string>>;
  }
}

/** Registers the tests of the contract for an engine that runs beside the one of the machine. */
export function describeNested(name: string): void {
  const socketPath = inject("engineSockets")[name];
  if (socketPath === undefined) throw new Error(`no engine is called ${name}`);
  const label = `user.test=contract-${randomBytes(4).toString("hex")}`;

  afterAll(() => removeContainersWith(label, socketPath));

  describeEngine(
    name,
    ({ signer }) => connectDocker({ signer, host: `unix://${socketPath}` }),
    ({ name: container, logs, network = "none" }: MadeContainer) => {
      const lines = logs.map(({ stream, text }) => `echo ${text}${stream === "stderr" ? " >&2" : ""}; `);
      const raw = { name: container, command: `${lines.join("")}exec sleep 600`, hostConfig: { NetworkMode: network } };
      return startRawContainer(label, raw, socketPath);
    },
  );
}
