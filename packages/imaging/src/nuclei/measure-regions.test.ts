import { describe, expect, it } from "vitest";
import { disc, drawing } from "../testing/drawing.ts";
import { measureRegions } from "./measure-regions.ts";

describe("measureRegions", () => {
  it("measures area, centre and box of a rectangle, which is its own hull", () => {
    const { mask, size } = drawing([".......", ".####..", ".####..", "......."]);
    const [measure, ...others] = measureRegions(Int32Array.from(mask), size, 1);
    expect(others).toEqual([]);
    expect(measure).toEqual({
      label: 1,
      areaPixels: 8,
      centre: { x: 2.5, y: 1.5 },
      box: { left: 1, top: 1, right: 5, bottom: 3 },
      touchesBorder: false,
      solidity: 1,
    });
  });

  it("gives a disc a solidity near 1 and an L the share of its hull", () => {
    const size = { height: 50, width: 50 };
    expect(measureRegions(Int32Array.from(disc(size, 25, 25, 18)), size, 1)[0]!.solidity).toBeGreaterThan(
      0.94,
    );
    // The hull of the L is the 4x4 square less the triangle of legs 3 and 3.
    const bend = drawing(["#....", "#....", "#....", "####."]);
    expect(measureRegions(Int32Array.from(bend.mask), bend.size, 1)[0]!.solidity).toBeCloseTo(
      7 / (16 - 4.5),
      10,
    );
  });

  it("sees contact with each side of the frame", () => {
    const touching = ["#..\n...\n...", "...\n..#\n...", "...\n...\n.#.", "...\n#..\n..."];
    for (const picture of touching) {
      const { mask, size } = drawing(picture.split("\n"));
      expect(measureRegions(Int32Array.from(mask), size, 1)[0]!.touchesBorder).toBe(true);
    }
    const { mask, size } = drawing(["...", ".#.", "..."]);
    expect(measureRegions(Int32Array.from(mask), size, 1)[0]!.touchesBorder).toBe(false);
  });

  it("leaves out labels that no pixel has", () => {
    const measures = measureRegions(Int32Array.of(3, 0, 1), { height: 1, width: 3 }, 3);
    expect(measures.map(({ label }) => label)).toEqual([1, 3]);
  });
});
