import { describe, expect, it } from "vitest";
import { blankImage, type RgbImage } from "./rgb-image.ts";
import { addScaleBar, roundLength } from "./scale-bar.ts";

const black = blankImage(100, 100, [0, 0, 0]);

/** Length of the longest run of bright pixels in the row of the bar. */
function barLength({ width, height, data }: RgbImage): number {
  const row = Array.from({ length: width }, (_, x) => (data[((height - 5) * width + x) * 3] ? "#" : "."));
  return Math.max(
    0,
    ...row
      .join("")
      .split(/\.+/)
      .map((run) => run.length),
  );
}

describe("addScaleBar", () => {
  it("draws a bar of a round length that takes at most a third of the picture", () => {
    expect(barLength(addScaleBar(black, { pixelSizeMicrons: 0.4126 }))).toBe(Math.round(10 / 0.4126));
    expect(barLength(addScaleBar(black, { pixelSizeMicrons: 0.1 }))).toBe(20);
  });

  it("draws the length it is asked for, and the label above it", () => {
    const marked = addScaleBar(black, { pixelSizeMicrons: 0.5, lengthMicrons: 20 });
    expect(barLength(marked)).toBe(40);
    const labelled = marked.data.subarray(80 * 300, 92 * 300).some((value) => value === 255);
    expect(labelled).toBe(true);
  });

  it("leaves the picture it was given as it was", () => {
    addScaleBar(black, { pixelSizeMicrons: 0.4 });
    expect(black.data.every((value) => value === 0)).toBe(true);
  });

  it("refuses an unknown pixel size and a bar that does not fit", () => {
    expect(() => addScaleBar(black, { pixelSizeMicrons: NaN })).toThrow("pixel size is NaN um");
    expect(() => addScaleBar(black, { pixelSizeMicrons: 0.1, lengthMicrons: 50 })).toThrow(
      "a scale bar of 50 um is 500 pixels in a picture of 100",
    );
    expect(() => addScaleBar(black, { pixelSizeMicrons: 10, lengthMicrons: 1 })).toThrow("is 0 pixels");
  });
});

describe("roundLength", () => {
  it("is 1, 2 or 5 times a power of ten", () => {
    expect([13.7, 10, 9.9, 4.99, 2, 1.9, 0.7, 650].map(roundLength)).toEqual([10, 10, 5, 2, 2, 1, 0.5, 500]);
  });
});
