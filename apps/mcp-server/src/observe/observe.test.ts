import { CosError } from "@cos/core";
import { expect, test } from "vitest";
import { controlPlaneWith } from "../testing/control-plane.ts";
import type { ClientCall } from "./client-call.ts";
import { type Ending, observe } from "./observe.ts";

const call: ClientCall = { operation: "ping", input: {}, caller: { kind: "http", name: "agent", hostRoots: [] } };

test("an observer hears of a call when it begins and when it ends, also of what else was thrown than a failure of cos", async () => {
  const heard: (ClientCall | Ending)[] = [];
  const broken = controlPlaneWith({ perform: () => Promise.reject(new TypeError("oh")) });
  const observed = observe(broken, [
    (begun) => {
      heard.push(begun);
      return (ending) => heard.push(ending);
    },
  ]);
  await expect(observed.perform(call)).rejects.toThrow(TypeError);
  expect(heard).toEqual([
    call,
    { error: expect.objectContaining({ code: "internal" }), durationMs: expect.any(Number) },
  ]);
});

test("what fails in an observer changes nothing about the call, nor for other observers", async () => {
  let ends = 0;
  const refuses = controlPlaneWith({ perform: () => Promise.reject(new CosError("not_found", "It is not there.")) });
  const fail = () => {
    throw new Error("observer");
  };
  const observed = observe(refuses, [fail, () => fail, () => () => (ends += 1)]);
  await expect(observed.perform(call)).rejects.toMatchObject({ code: "not_found" });
  expect(ends).toBe(1);
});
