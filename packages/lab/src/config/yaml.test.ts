import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { parseYaml } from "./yaml.ts";

describe("parseYaml", () => {
  it("reads values, anchors and aliases", () => {
    expect(parseYaml("a: [1, 2.5e-3, yes, null, text]\nb: &x {c: 1}\nd: *x\n")).toEqual({
      ...{ a: [1, 0.0025, "yes", null, "text"], b: { c: 1 }, d: { c: 1 } },
    });
    expect(parseYaml("")).toBeNull();
  });

  it("reads what YAML writes", () => {
    const keys = fc.stringMatching(/^[a-z_]{1,8}$/);
    const leaves = fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.stringMatching(/^[ -~]{0,12}$/),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ depthSize: "small" }, leaves, fc.array(tie("tree")), fc.dictionary(keys, tie("tree"))),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        expect(parseYaml(stringify(value))).toEqual(value);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    [
      "a: [1",
      /^Flow sequence in block collection must be sufficiently indented|^Flow sequence must end with a \]/,
    ],
    ["a: &a [*a]", /^contains itself by an alias, or is nested more than 64 levels deep$/],
    ["a: &a {b: *a, c: *a}", /^contains itself/],
    ["[".repeat(10_000), /^contains itself by an alias, or is nested more than 64 levels deep$/],
    ["- ".repeat(10_000), /nested more than 64 levels deep$/],
    [`${"[".repeat(100)}${"]".repeat(100)}`, /nested more than 64 levels deep$/],
    ["x".repeat(40_000), /^is longer than 32 KiB$/],
    [`a: &a [1]\nb: [${"*a,".repeat(5000)}]`, /^its aliases \(\*name\) stand for too many values$/],
    ["a: 1\na: 2", /^Map keys must be unique/],
    ["a: *nobody", /^Unresolved alias/],
  ])("refuses text %# in one line", (text, message) => {
    expect(() => parseYaml(text)).toThrow(message);
    expect(() => parseYaml(text)).not.toThrow(/\n/);
  });

  it("refuses aliases of aliases that stand for billions of values, at once", () => {
    const lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"];
    for (let i = 1; i < 12; i++)
      lines.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(", ")}]`,
      );
    const started = performance.now();
    expect(() => parseYaml(lines.join("\n"))).toThrow(/stand for too many values|more than 100000 values/);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it("takes bounded time for as many keys as it accepts", () => {
    const keys = Array.from({ length: 3000 }, (_, i) => `k${i}: 1`).join("\n");
    const started = performance.now();
    expect(Object.keys(parseYaml(keys) as object)).toHaveLength(3000);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
