import { describe, expect, it } from "vitest";
import { composite, compositeCell, layerColours } from "./composite.ts";

const pair = { height: 1, width: 2 };
const pixels = (data: Uint8Array) => [Array.from(data.subarray(0, 3)), Array.from(data.subarray(3, 6))];

describe("composite", () => {
  it("adds the layers' light and stops at white", () => {
    const picture = composite(
      [
        { plane: [0.5, 1], colour: [200, 0, 0] },
        { plane: [1, 1], colour: [100, 40, 255] },
      ],
      pair,
    );
    expect(pixels(picture.data)).toEqual([
      [200, 40, 255],
      [255, 40, 255],
    ]);
  });

  it("shows values linearly between the limits, black below, full above", () => {
    const limits = { low: 100, high: 300 };
    const { data } = composite([{ plane: [150, 1000], colour: [255, 255, 255], limits }], pair);
    expect(pixels(data)).toEqual([
      [64, 64, 64],
      [255, 255, 255],
    ]);
    expect(
      composite([{ plane: [0, 100], colour: [255, 255, 255], limits }], pair).data.every((v) => v === 0),
    ).toBe(true);
  });

  it("shows values that are not numbers black", () => {
    expect(Array.from(composite([{ plane: [NaN, 0], colour: [255, 9, 9] }], pair).data)).toEqual([
      0, 0, 0, 0, 0, 0,
    ]);
  });

  it("refuses planes of another size and limits without range", () => {
    expect(() => composite([{ plane: [1], colour: [1, 1, 1] }], pair)).toThrow("a layer holds 1 pixels");
    const limits = { low: 2, high: 2 };
    expect(() => composite([{ plane: [1, 1], colour: [1, 1, 1], limits }], pair)).toThrow("leave no range");
  });
});

describe("compositeCell", () => {
  const channels = { nucleus: [1, 0], protein: [0, 1] };

  it("shows the nucleus blue and the protein green, or cyan and magenta", () => {
    expect(pixels(compositeCell(channels, pair).data)).toEqual([
      [...layerColours.blue],
      [...layerColours.green],
    ]);
    expect(pixels(compositeCell(channels, pair, { palette: "cyan-magenta" }).data)).toEqual([
      [...layerColours.cyan],
      [...layerColours.magenta],
    ]);
  });
});
