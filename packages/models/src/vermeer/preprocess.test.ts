import { describe, expect, it } from "vitest";
import { cutToByte, prepareStain, resizeLanczos, stretchLimits, unitStain } from "./preprocess.ts";

const gradient = (width: number, height: number) =>
  Uint8Array.from({ length: width * height }, (_, i) => (i * 37) % 251);

describe("resizeLanczos", () => {
  it("keeps a constant picture constant, of either depth, smaller and larger", () => {
    for (const values of [new Uint8Array(60).fill(201), new Uint16Array(60).fill(51_000)])
      for (const size of [
        { width: 4, height: 3 },
        { width: 21, height: 17 },
      ]) {
        const resized = resizeLanczos({ values, width: 10, height: 6 }, size);
        expect(resized.values).toHaveLength(size.width * size.height);
        expect(new Set(resized.values)).toEqual(new Set([values[0]]));
      }
  });

  it("leaves a picture of the same size as it is, and one side alone where that alone changes", () => {
    const picture = { values: gradient(9, 5), width: 9, height: 5 };
    expect(resizeLanczos(picture, { width: 9, height: 5 })).toEqual(picture);
    const narrow = resizeLanczos(picture, { width: 3, height: 5 });
    expect([narrow.width, narrow.height]).toEqual([3, 5]);
  });

  it("holds what the kernel overshoots to the range of the depth", () => {
    const values = Uint8Array.from({ length: 64 }, (_, i) => (i % 8 < 4 ? 0 : 255));
    const resized = resizeLanczos({ values, width: 8, height: 8 }, { width: 24, height: 8 });
    expect(Math.max(...resized.values)).toBe(255);
    expect(Math.min(...resized.values)).toBe(0);
  });
});

describe("the stretch", () => {
  it("is between the 1st and the 99th percentile, with neighbours weighted by their distance", () => {
    expect(stretchLimits(Array.from({ length: 101 }, (_, i) => 100 - i))).toEqual([1, 99]);
    const [low, high] = stretchLimits([0, 10]);
    expect([low, high]).toEqual([expect.closeTo(0.1, 12), expect.closeTo(9.9, 12)]);
  });

  it("gives whole steps of the picture's depth, from 0 to 1", () => {
    const unit = unitStain({ values: gradient(16, 16), width: 16, height: 16 }, 16);
    expect([Math.min(...unit), Math.max(...unit)]).toEqual([0, 1]);
    for (const value of unit) expect(Math.abs(value * 255 - Math.round(value * 255))).toBeLessThan(1e-4);
    const prepared = prepareStain({ values: gradient(16, 16), width: 16, height: 16 }, 16);
    expect([Math.min(...prepared), Math.max(...prepared)]).toEqual([-1, 1]);
  });

  it("leaves a picture of one value at that value", () => {
    const unit = unitStain({ values: new Uint8Array(16).fill(51), width: 4, height: 4 }, 4);
    expect([...unit]).toEqual(Array(16).fill(expect.closeTo(0.2, 6)));
  });

  it("is cut to bytes, not rounded", () => {
    expect([cutToByte(0), cutToByte(0.9999), cutToByte(1)]).toEqual([0, 254, 255]);
  });
});
