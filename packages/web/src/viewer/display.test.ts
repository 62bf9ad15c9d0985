import { compositeCell } from "@proteoscope/imaging";
import { describe, expect, it } from "vitest";
import { brightnessOf, cellLayers, colourOf, defaultChannels, differenceLayers, shade } from "./display.ts";

const channel = defaultChannels.protein;

describe("the display of a channel", () => {
  it("is black at its minimum and full at its maximum", () => {
    const display = { ...channel, low: 0.2, high: 0.6 };
    expect([0, 0.2, 0.4, 0.6, 1].map((value) => brightnessOf(value, display))).toEqual([
      0,
      0,
      expect.closeTo(0.5),
      1,
      1,
    ]);
  });

  it("is lifted by a gamma below 1 and turned round by limits in reverse", () => {
    expect(brightnessOf(0.25, { ...channel, gamma: 0.5 })).toBeCloseTo(0.5);
    expect(brightnessOf(0.25, { ...channel, low: 1, high: 0 })).toBeCloseTo(0.75);
  });

  it("is a threshold where both limits are equal", () => {
    const display = { ...channel, low: 0.5, high: 0.5 };
    expect([0.4, 0.6].map((value) => brightnessOf(value, display))).toEqual([0, 1]);
  });
});

describe("a picture", () => {
  const nucleus = Float32Array.of(0, 0.5, 1, 0.2);
  const protein = Float32Array.of(1, 0.25, 0, 0.9);

  it("is that of the command line where nothing is changed", () => {
    const shown = shade(cellLayers({ nucleus, protein }, defaultChannels), 4);
    const { data } = compositeCell({ nucleus, protein }, { width: 2, height: 2 });
    for (let pixel = 0; pixel < 4; pixel++)
      for (let c = 0; c < 3; c++)
        expect(Math.abs(shown[4 * pixel + c]! - data[3 * pixel + c]!)).toBeLessThanOrEqual(1);
  });

  it("leaves out hidden channels and never touches a value", () => {
    const before = Float32Array.from(protein);
    const hidden = { ...defaultChannels, nucleus: { ...defaultChannels.nucleus, visible: false } };
    const shown = shade(cellLayers({ nucleus, protein }, hidden), 4);
    expect([...shown.slice(8, 12)]).toEqual([0, 0, 0, 255]);
    expect(protein).toEqual(before);
  });

  it("of a difference is orange where the first is brighter and blue where the second is", () => {
    const layers = differenceLayers(Float32Array.of(1, 0, 0.5), Float32Array.of(0, 1, 0.5), 1);
    const shown = shade(layers, 3);
    expect([...shown.slice(0, 3)]).toEqual([255, 154, 31]);
    expect([...shown.slice(4, 7)]).toEqual([47, 143, 255]);
    expect([...shown.slice(8, 11)]).toEqual([0, 0, 0]);
  });

  it("has the colours that are written", () => {
    expect(colourOf("#ff0080")).toEqual([1, 0, expect.closeTo(0.50196)]);
  });
});
