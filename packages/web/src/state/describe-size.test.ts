import { describe, expect, it } from "vitest";
import { describeSize } from "./describe-size.ts";

const size = { name: "mini", fileBytes: 36e6, downloadBytes: 36e6, memoryBytes: 324e6 };

describe("what a model takes", () => {
  it("is what a browser has to fetch, and its memory", () => {
    expect(describeSize(size)).toBe("mini: 36 MB to fetch, once; about 324 MB of this browser's memory.");
    expect(describeSize({ ...size, downloadBytes: 0 })).toBe(
      "mini: 36 MB, stored in this browser: nothing to fetch; about 324 MB of this browser's memory.",
    );
  });
  it("is on the server where a server computes, and no memory where the files do not say", () => {
    expect(describeSize({ ...size, downloadBytes: null })).toBe(
      "mini: 36 MB on the server; about 324 MB of the server's memory.",
    );
    expect(describeSize({ ...size, memoryBytes: null })).toBe("mini: 36 MB to fetch, once.");
  });
});
