import { describe, expect, it } from "vitest";
import { memoize } from "./memoize.ts";

describe("memoize", () => {
  it("computes once per key, and again only when the key was removed, the oldest first", async () => {
    const computed: number[] = [];
    const double = memoize(
      async (x: number) => {
        computed.push(x);
        return 2 * x;
      },
      String,
      2,
    );
    for (const x of [1, 1, 2, 3, 2, 1]) expect(await double(x)).toBe(2 * x);
    expect(computed).toEqual([1, 2, 3, 1]);
  });
});
