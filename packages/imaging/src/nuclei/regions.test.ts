import { describe, expect, it } from "vitest";
import { drawing } from "../testing/drawing.ts";
import { labelRegions } from "./regions.ts";

describe("labelRegions", () => {
  it("numbers regions in scanning order and joins corners only when asked to", () => {
    const { mask, size } = drawing(["##..#", "..#.#", "....#"]);
    expect(labelRegions(mask, size, 4).count).toBe(3);
    const regions = labelRegions(mask, size, 8);
    expect(regions.count).toBe(2);
    expect(Array.from(regions.labels)).toEqual([1, 1, 0, 0, 2, 0, 0, 1, 0, 2, 0, 0, 0, 0, 2]);
  });

  it("does not join the end of a row with the beginning of the next", () => {
    const { mask, size } = drawing(["..#", "#.."]);
    expect(labelRegions(mask, size, 8).count).toBe(2);
  });

  it("labels a region of a million pixels without recursion", () => {
    const { labels, count } = labelRegions(new Uint8Array(1e6).fill(1), { height: 1000, width: 1000 }, 8);
    expect(count).toBe(1);
    expect(labels.includes(0)).toBe(false);
  });
});
