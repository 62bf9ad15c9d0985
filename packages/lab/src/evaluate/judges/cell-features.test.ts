import { nuclearDistance } from "@proteoscope/imaging";
import { describe, expect, it } from "vitest";
import {
  type CellPlanes,
  dnaUnderProtein,
  nuclearContrast,
  placementFeatures,
  spectrumFeatures,
  textureFeatures,
} from "./cell-features.ts";

const side = 64;
const centre = 31.5;
const planeOf = (value: (x: number, y: number, radius: number) => number) =>
  Float32Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) - centre, Math.floor(i / side) - centre];
    return value(x, y, Math.hypot(x, y));
  });
const nuclearRadius = 14;
const mask = Uint8Array.from(planeOf((_x, _y, radius) => (radius < nuclearRadius ? 1 : 0)));
const distance = nuclearDistance(mask, { height: side, width: side });

/** A cell with a round nucleus, evenly stained unless told otherwise. */
function cellOf(
  protein: Float32Array,
  nucleus = planeOf((_x, _y, radius) => (radius < nuclearRadius ? 0.6 : 0)),
): CellPlanes {
  return { side, protein, nucleus, distance };
}
const nuclear = cellOf(planeOf((_x, _y, radius) => (radius < nuclearRadius ? 0.8 : 0.1)));
const cytosolic = cellOf(planeOf((_x, _y, radius) => (radius < nuclearRadius ? 0.1 : 0.8)));

describe("nuclearContrast", () => {
  it("is the logarithm of the ratio of the means, one for a doubling", () => {
    expect(nuclearContrast(cellOf(planeOf((_x, _y, r) => (r < nuclearRadius ? 0.8 : 0.4))))).toBeCloseTo(
      1,
      1,
    );
    expect(nuclearContrast(nuclear)).toBeCloseTo(-nuclearContrast(cytosolic), 5);
    expect(nuclearContrast(cellOf(planeOf(() => 0)))).toBe(0);
  });
});

describe("dnaUnderProtein", () => {
  const holes = planeOf((x, y, r) => (r >= nuclearRadius ? 0 : Math.hypot(x - 4, y) < 4 ? 0.2 : 0.6));

  it("is below 1 where the protein fills the holes of the DNA, and above where it avoids them", () => {
    const body = planeOf((x, y) => (Math.hypot(x - 4, y) < 4 ? 1 : 0.1));
    const elsewhere = planeOf((x, y) => (Math.hypot(x + 5, y) < 4 ? 1 : 0.1));
    expect(dnaUnderProtein(cellOf(body, holes))).toBeLessThan(0.5);
    expect(dnaUnderProtein(cellOf(elsewhere, holes))).toBeGreaterThan(1);
  });

  it("is 1 where there is nothing to compare", () => {
    expect(
      dnaUnderProtein(
        cellOf(
          planeOf(() => 0.5),
          holes,
        ),
      ),
    ).toBe(1);
    expect(
      dnaUnderProtein(
        cellOf(
          planeOf(() => 0),
          planeOf(() => 0),
        ),
      ),
    ).toBe(1);
  });
});

describe("placementFeatures", () => {
  it("follows the profile over the distance to the nuclear border", () => {
    const features = placementFeatures(nuclear);
    expect(features["profile 5 to 9"]).toBeGreaterThan(0.5);
    expect(features["profile -9 to -5"]).toBeLessThan(-0.5);
    expect(features["share in nuclei"]).toBeGreaterThan(0.5);
    expect(features["share in nuclei"]).toBeLessThan(1);
  });

  it("finds a rim", () => {
    const rim = placementFeatures(
      cellOf(planeOf((_x, _y, r) => (Math.abs(r - nuclearRadius) < 1.2 ? 1 : 0.1))),
    );
    expect(rim["rim to inside"]).toBeGreaterThan(1.5);
    expect(rim["rim to outside"]).toBeGreaterThan(1.5);
    expect(placementFeatures(nuclear)["rim to inside"]).toBeLessThan(0);
  });

  it("knows a protein at one side of the nucleus from one all around it", () => {
    const cap = placementFeatures(cellOf(planeOf((x, y) => (Math.hypot(x - 18, y) < 5 ? 1 : 0.02))));
    const ring = placementFeatures(cytosolic);
    expect(cap["off centre"]).toBeGreaterThan(5);
    expect(ring["off centre"]).toBeLessThan(0.5);
    expect(ring.spread).toBeGreaterThan(cap.spread!);
    expect(cap["brightest, spread"]).toBeLessThan(4);
    expect(cap["brightest, off centre"]).toBeCloseTo(18, 0);
  });
});

describe("textureFeatures", () => {
  const spots = (isRound: boolean) =>
    cellOf(
      planeOf((x, y) => {
        const [u, v] = [((x + 64) % 9) - 4, ((y + 64) % 9) - 4];
        const square = isRound ? u * u + v * v : u * u;
        return 0.1 + 0.8 * Math.exp(-square / 3);
      }),
    );

  it("tells dots from filaments", () => {
    const [dots, filaments] = [textureFeatures(spots(true)), textureFeatures(spots(false))];
    expect(dots["cytoplasm, roundness"]).toBeGreaterThan(2 * filaments["cytoplasm, roundness"]!);
    expect(dots["cytoplasm, grains 2"]! + dots["cytoplasm, grains 3"]!).toBeGreaterThan(0.2);
  });

  it("sees no detail in an even plane, and the same detail in a brighter one", () => {
    const flat = textureFeatures(cellOf(planeOf(() => 0.5)));
    expect(flat["nucleus, detail 2.8"]).toBeCloseTo(Math.log2(1e-3), 3);
    expect(flat["nucleus, light of the brightest 0.05"]).toBeCloseTo(0.05, 1);
    const { side: _, ...planes } = spots(true);
    const half = textureFeatures({ side, ...planes, protein: planes.protein.map((value) => value / 2) });
    const whole = textureFeatures(spots(true));
    for (const [name, value] of Object.entries(whole))
      expect(Math.abs(half[name]! - value), name).toBeLessThan(0.1);
  });
});

describe("spectrumFeatures", () => {
  it("finds a fine pattern by band and direction, in the channel that has it", () => {
    const pattern = planeOf((x, y) => 0.5 + 0.2 * Math.cos(2 * Math.PI * 0.3 * (x + y)));
    const {
      "protein, band 4": band,
      "protein, direction": direction,
      ...rest
    } = spectrumFeatures(cellOf(pattern));
    expect(band).toBeGreaterThan(-0.1);
    expect(direction).toBeGreaterThan(5);
    expect(rest["nucleus, direction"]).toBeLessThan(2);
  });
});

it("gives finite numbers by the same names for every picture, an empty one and one without a nucleus included", () => {
  const names = (planes: CellPlanes) => {
    const features = {
      ...placementFeatures(planes),
      ...textureFeatures(planes),
      ...spectrumFeatures(planes),
    };
    expect(Object.entries(features).filter(([, value]) => !Number.isFinite(value))).toEqual([]);
    return Object.keys(features);
  };
  const empty = cellOf(
    planeOf(() => 0),
    planeOf(() => 0),
  );
  const noNucleus = { ...nuclear, distance: new Float32Array(side * side).fill(-50) };
  expect(names(empty)).toEqual(names(nuclear));
  expect(names(noNucleus)).toEqual(names(nuclear));
});
