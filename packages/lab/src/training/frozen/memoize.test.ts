import { describe, expect, it } from "vitest";
import { memoize } from "./memoize.ts";

describe("remember", () => {
  it("asks once for a key, and again only when the key was forgotten, the oldest first", async () => {
    const asked: number[] = [];
    const double = memoize(
      async (x: number) => {
        asked.push(x);
        return 2 * x;
      },
      String,
      2,
    );
    for (const x of [1, 1, 2, 3, 2, 1]) expect(await double(x)).toBe(2 * x);
    expect(asked).toEqual([1, 2, 3, 1]);
  });
});
