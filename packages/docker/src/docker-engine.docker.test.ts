import { describeEngine } from "@cos/core/testing";
import { connectDocker } from "./connect.ts";

describeEngine("docker", ({ signer }) => connectDocker({ signer }));
