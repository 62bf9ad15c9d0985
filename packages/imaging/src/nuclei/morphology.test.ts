import { describe, expect, it } from "vitest";
import { disc, drawing } from "../testing/drawing.ts";
import { fillHoles, openMask } from "./morphology.ts";

describe("fillHoles", () => {
  const { mask, size } = drawing([
    "#########.###",
    "#.##...##.#.#",
    "####...##.#..",
    "##########.##",
    ".############",
  ]);

  it("fills holes up to the stated area and leaves larger ones", () => {
    const filled = fillHoles(mask, size, 5);
    expect(filled[1 * 13 + 1]).toBe(1);
    expect(filled[1 * 13 + 4]).toBe(0);
    expect(fillHoles(mask, size, 6)[1 * 13 + 4]).toBe(1);
  });

  it("takes background that reaches the frame for background, however small", () => {
    const filled = fillHoles(mask, size, 100);
    for (const pixel of [9, 2 * 13 + 11, 4 * 13]) expect(filled[pixel]).toBe(0);
  });
});

describe("openMask", () => {
  const size = { height: 30, width: 60 };
  const mask = disc(size, 15, 15, 10);
  for (let x = 20; x < 45; x++) mask[15 * 60 + x] = 1;

  it("removes a thin spur and keeps the disc", () => {
    const opened = openMask(mask, size, 2);
    expect(opened[15 * 60 + 40]).toBe(0);
    const lost = disc(size, 15, 15, 9).filter((value, pixel) => value === 1 && opened[pixel] === 0);
    expect(lost.length).toBe(0);
  });

  it("never adds a pixel", () => {
    const opened = openMask(mask, size, 3);
    expect(opened.some((value, pixel) => value > mask[pixel]!)).toBe(false);
  });
});
