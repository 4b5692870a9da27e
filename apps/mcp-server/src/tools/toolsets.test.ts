import { catalogue } from "@cos/control-plane";
import { expect, test } from "vitest";
import { chooseTools, type ToolChoice } from "./toolsets.ts";

const choose = (choice?: ToolChoice) => chooseTools(choice).map(({ name }) => name);
const namesThat = (fits: (name: string) => boolean) => catalogue.map(({ name }) => name).filter(fits);

test("an agent is offered at most 15 tools unless the operator says otherwise", () => {
  expect(choose()).toHaveLength(15);
  expect(choose()).toEqual(choose({ toolsets: ["default"] }));
  for (const name of ["container_run", "container_exec", "container_wait", "image_build", "gc", "ping"])
    expect(choose()).toContain(name);
});

test("toolsets add up, in the order of the catalogue", () => {
  expect(choose({ toolsets: ["all"] })).toEqual(namesThat(() => true));
  expect(choose({ toolsets: ["volumes", "networks"] })).toEqual(namesThat((name) => /^(?:network|volume)_/.test(name)));
  expect(choose({ toolsets: ["engine"] })).toEqual(["engine_info", "gc", "ping"]);
});

test("every tool is in a toolset that is about its noun", () => {
  const nouns = choose({ toolsets: ["containers", "images", "networks", "volumes", "engine"] });
  expect(nouns).toEqual(choose({ toolsets: ["all"] }));
});

test("single tools are offered alone, or beside toolsets", () => {
  expect(choose({ tools: ["ping", "image_pull"] })).toEqual(["image_pull", "ping"]);
  expect(choose({ toolsets: ["volumes"], tools: ["ping", "volume_list"] })).toEqual([
    ...namesThat((name) => name.startsWith("volume_")),
    "ping",
  ]);
});

test("who may only read is offered what changes nothing", () => {
  const offered = chooseTools({ toolsets: ["all"], readOnly: true });
  expect(new Set(offered.map(({ effect }) => effect))).toEqual(new Set(["read"]));
  expect(offered.map(({ name }) => name)).toContain("container_logs");
});

test.each([
  [{ tools: ["container_rn"] }, "There is no tool", "Did you mean container_run?"],
  [{ toolsets: ["image"] }, "There is no toolset", "Did you mean images?"],
  [{ toolsets: ["everything"] }, "There is no toolset", expect.stringMatching(/^There are: default, all, /)],
  [{ tools: ["container_run"], readOnly: true }, "None of the chosen tools", expect.stringMatching(/--read-only/)],
])("a choice that makes no sense is refused: %j", (choice, message, hint) => {
  expect(() => chooseTools(choice)).toThrow(
    expect.objectContaining({ code: "invalid_argument", message: expect.stringContaining(message), hint }),
  );
});
