import { describe, expect, it } from "vitest";
import { resizeBilinear } from "./resize-bilinear.ts";

describe("resizeBilinear", () => {
  it("gives the values of PyTorch's Upsample(scale_factor=2, mode='bilinear') documentation", () => {
    const upsampled = resizeBilinear(
      Float32Array.of(1, 2, 3, 4),
      { height: 2, width: 2 },
      { height: 4, width: 4 },
    );
    expect(Array.from(upsampled)).toEqual([
      1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4,
    ]);
  });

  it("leaves a plane of the same size as it is", () => {
    const plane = Float32Array.from({ length: 15 }, (_, i) => Math.sin(i));
    expect(resizeBilinear(plane, { height: 3, width: 5 }, { height: 3, width: 5 })).toEqual(plane);
  });

  it("samples a ramp at the half-pixel centres of the new grid", () => {
    const ramp = Float32Array.from({ length: 10 }, (_, x) => x);
    const resized = resizeBilinear(ramp, { height: 1, width: 10 }, { height: 1, width: 4 });
    for (let i = 0; i < 4; i++) expect(resized[i]).toBeCloseTo((i + 0.5) * 2.5 - 0.5, 5);
  });

  it("takes no antialias: a line between the samples is lost", () => {
    const line = new Float32Array(8);
    line[0] = 1;
    expect(Array.from(resizeBilinear(line, { height: 1, width: 8 }, { height: 1, width: 2 }))).toEqual([
      0, 0,
    ]);
  });

  it("refuses a plane of another size and an empty target", () => {
    const plane = new Float32Array(4);
    expect(() => resizeBilinear(plane, { height: 2, width: 3 }, { height: 1, width: 1 })).toThrow(
      "holds 4 pixels",
    );
    expect(() => resizeBilinear(plane, { height: 2, width: 2 }, { height: 0, width: 1 })).toThrow(
      "cannot resize 2x2 to 0x1",
    );
  });
});
