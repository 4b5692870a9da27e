import { describe, expect, it } from "vitest";

import { embed, findEmbedded } from "./embedded.ts";

const page = (code: string) => `# Title

<!-- from examples/a.ts -->

\`\`\`ts
${code}\`\`\`

\`\`\`ts
untouched();
\`\`\`
`;

describe("embed", () => {
  it("replaces a copy by the file, and nothing else", () => {
    expect(embed(page("old();\n"), () => "fresh();\nagain();\n")).toBe(page("fresh();\nagain();\n"));
  });

  it("leaves a copy that is up to date as it is", () => {
    expect(embed(page("same();\n"), () => "same();\n")).toBe(page("same();\n"));
  });

  it("takes the file literally", () => {
    expect(embed(page(""), () => "cost = '$1$&';\n")).toBe(page("cost = '$1$&';\n"));
  });

  it("reads the file that the page names", () => {
    expect(findEmbedded(page(""))).toEqual(["examples/a.ts"]);
  });
});
