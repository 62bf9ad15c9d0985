import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { euclideanDistance } from "./distance-transform.ts";

/** The definition itself: for every pixel look at every zero pixel. */
function bruteForce(mask: ArrayLike<number>, height: number, width: number): number[] {
  return Array.from({ length: height * width }, (_, i) => {
    let nearest = Infinity;
    for (let j = 0; j < height * width; j++) {
      if (mask[j] !== 0) continue;
      const dy = Math.floor(i / width) - Math.floor(j / width);
      const dx = (i % width) - (j % width);
      nearest = Math.min(nearest, dy * dy + dx * dx);
    }
    return Math.fround(Math.sqrt(nearest));
  });
}

const maskOfAnySize = fc
  .record({
    height: fc.integer({ min: 1, max: 17 }),
    width: fc.integer({ min: 1, max: 17 }),
    rarity: fc.integer({ min: 1, max: 40 }),
  })
  .chain(({ height, width, rarity }) =>
    fc
      .array(fc.integer({ min: 0, max: rarity }), { minLength: height * width, maxLength: height * width })
      .map((pixels) => ({ height, width, mask: pixels })),
  );

describe("euclideanDistance", () => {
  it("equals the exhaustive search on masks of any size and density", () => {
    fc.assert(
      fc.property(maskOfAnySize, ({ mask, height, width }) => {
        expect(Array.from(euclideanDistance(mask, { height, width }))).toEqual(
          bruteForce(mask, height, width),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("is exact over long distances along diagonals", () => {
    const mask = new Uint8Array(100 * 100).fill(1);
    mask[0] = 0;
    const distance = euclideanDistance(mask, { height: 100, width: 100 });
    expect(distance[9999]).toBe(Math.fround(Math.hypot(99, 99)));
    expect(distance[99]).toBe(99);
    expect(distance[30 * 100 + 40]).toBe(50);
  });

  it("is infinite where there is no zero pixel to reach", () => {
    expect(Array.from(euclideanDistance([1, 1, 1, 1], { height: 2, width: 2 }))).toEqual(
      new Array(4).fill(Infinity),
    );
  });

  it("is zero everywhere on an empty mask", () => {
    expect(Array.from(euclideanDistance(new Uint8Array(6), { height: 2, width: 3 }))).toEqual(
      new Array(6).fill(0),
    );
  });

  it("treats every non-zero value as inside, labels included", () => {
    const labels = Uint16Array.of(0, 7, 300, 7, 0);
    expect(Array.from(euclideanDistance(labels, { height: 1, width: 5 }))).toEqual([0, 1, 2, 1, 0]);
  });

  it("finds the distance to one far pixel of a large mask", () => {
    const side = 1024;
    const mask = new Uint8Array(side * side).fill(1);
    mask[side * 511 + 511] = 0;
    const distance = euclideanDistance(mask, { height: side, width: side });
    expect(distance[0]).toBe(Math.fround(Math.hypot(511, 511)));
  });

  it("names both sizes when the mask does not fit its shape", () => {
    expect(() => euclideanDistance([1, 0, 1], { height: 2, width: 2 })).toThrow(
      "mask holds 3 pixels but height 2 x width 2 is 4",
    );
  });
});
