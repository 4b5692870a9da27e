import { randomBytes } from "node:crypto";
import { describeEngine, type MadeContainer } from "@cos/core/testing";
import { afterAll } from "vitest";
import { connectDocker } from "./connect.ts";
import { removeContainersWith, startRawContainer } from "./testing/raw-engine.ts";

const label = `user.test=contract-${randomBytes(4).toString("hex")}`;

afterAll(() => removeContainersWith(label));

describeEngine(
  "docker",
  ({ signer }) => connectDocker({ signer }),
  ({ name, logs, network = "none" }: MadeContainer) => {
    const lines = logs.map(({ stream, text }) => `echo ${text}${stream === "stderr" ? " >&2" : ""}; `);
    const hostConfig = { NetworkMode: network };
    return startRawContainer(label, { name, command: `${lines.join("")}exec sleep 600`, hostConfig });
  },
);
