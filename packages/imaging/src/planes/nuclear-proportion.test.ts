import { describe, expect, it } from "vitest";
import { nuclearProportion } from "./nuclear-proportion.ts";

describe("the nuclear proportion", () => {
  it("is the share of the light where the distance is positive", () => {
    expect(nuclearProportion([0.5, 0.25, 0.25, 1], [2, 1, -1, -2])).toBe(0.375);
    expect(nuclearProportion([1, 1], [1, 1])).toBe(1);
    expect(nuclearProportion([0, 0], [1, -1])).toBeNaN();
  });
});
