import { describe, expect, it } from "vitest";
import { imageCompartments } from "../../atlas/compartments.ts";
import { growCells, isCytoplasm } from "../cell-field.ts";
import { createDraws } from "../draws.ts";
import type { Scene } from "../scene.ts";
import { placeNucleoli } from "./nucleolus-sites.ts";
import { compartmentLooks, type ImageCompartment } from "./renderers.ts";

const side = 64;

// Two round nuclei in one crop.
const labels = Uint16Array.from({ length: side * side }, (_, pixel) => {
  const [x, y] = [pixel % side, Math.floor(pixel / side)];
  return Math.hypot(x - 20, y - 22) < 10 ? 1 : Math.hypot(x - 46, y - 44) < 9 ? 2 : 0;
});

function sceneOf(seed: number, overlap = 0.2): Scene {
  const draws = createDraws(seed, "test");
  const nucleus = Float32Array.from(labels, (label) => (label > 0 ? 0.6 : 0));
  return { field: growCells(labels, side, draws), nucleus, overlap, draws };
}

const seeds = Array.from({ length: 12 }, (_, seed) => seed);

/** Share of all dye that lies where `isThere`, averaged over seeds. */
function shareOf(
  compartment: ImageCompartment,
  isThere: (scene: Scene, pixel: number) => boolean,
  overlap?: number,
): number {
  const shares = seeds.map((seed) => {
    const scene = sceneOf(seed, overlap);
    const dye = compartmentLooks[compartment].render(scene);
    const total = dye.reduce((sum, value) => sum + value, 0);
    return dye.reduce((sum, value, pixel) => sum + (isThere(scene, pixel) ? value : 0), 0) / total;
  });
  return shares.reduce((sum, share) => sum + share, 0) / seeds.length;
}

const inNucleus = ({ field }: Scene, pixel: number) => field.depth[pixel]! > 0;
const inCytoplasm = ({ field }: Scene, pixel: number) => isCytoplasm(field, pixel);
const within =
  (pixels: number) =>
  ({ field }: Scene, pixel: number) =>
    Math.abs(field.depth[pixel]!) < pixels;

describe("renderers", () => {
  it("has one for every compartment that an image can show", () => {
    expect(Object.keys(compartmentLooks).sort()).toEqual([...imageCompartments].sort());
  });

  it.each(["nucleoplasm", "nucleolus", "nuclear_domains"] as const)("puts %s into nuclei", (name) => {
    expect(shareOf(name, inNucleus)).toBeGreaterThan(0.9);
  });

  it.each(["mitochondria", "ER", "cytoplasm", "vesicles", "Golgi", "cytoskeleton", "centrosome"] as const)(
    "puts %s into the cytoplasm",
    (name) => {
      expect(shareOf(name, inCytoplasm)).toBeGreaterThan(0.7);
    },
  );

  it.each(["mitochondria", "ER", "vesicles", "Golgi", "cytoskeleton"] as const)(
    "shows %s over nuclei as far as they overlap",
    (name) => {
      const [none, some, much] = [0, 0.3, 0.9].map((overlap) => shareOf(name, inNucleus, overlap));
      expect(none).toBeLessThan(name === "ER" || name === "cytoskeleton" ? 0.1 : 1e-6); // envelope, cell body
      expect(some).toBeGreaterThan(none! + 0.005);
      expect(much).toBeGreaterThan(some! + 0.02);
    },
  );

  it("puts nucleoli, round and apart, into the holes of the DNA", () => {
    const holes = [
      { x: 23, y: 20, radius: 3 },
      { x: 44, y: 47, radius: 3 },
    ];
    const isHole = (pixel: number) =>
      holes.some(({ x, y, radius }) => Math.hypot((pixel % side) - x, Math.floor(pixel / side) - y) < radius);
    const shares = seeds.map((seed) => {
      const scene = sceneOf(seed);
      const nucleus = scene.nucleus.map((value, pixel) => (isHole(pixel) ? value / 3 : value));
      const sites = placeNucleoli({ ...scene, nucleus });
      for (const [i, { centre, radius }] of sites.entries())
        for (const other of sites.slice(i + 1))
          expect(Math.hypot(centre.x - other.centre.x, centre.y - other.centre.y)).toBeGreaterThan(
            radius + other.radius - 1, // places are drawn within a pixel
          );
      const near = sites.filter(({ centre }) =>
        holes.some(({ x, y }) => Math.hypot(centre.x - x, centre.y - y) < 4),
      );
      return near.length / sites.length;
    });
    expect(shares.reduce((sum, share) => sum + share, 0) / shares.length).toBeGreaterThan(0.5);
  });

  it("puts the nuclear membrane on the nuclear border", () => {
    expect(shareOf("nuclear_membrane", within(2.1))).toBeGreaterThan(0.6);
  });

  it("puts Golgi and centrosome beside the nucleus", () => {
    expect(shareOf("Golgi", within(16))).toBeGreaterThan(0.8);
    expect(shareOf("centrosome", within(12))).toBeGreaterThan(0.8);
  });

  it("makes the border of a cell brighter than its inside for the plasma membrane", () => {
    const ratios = seeds.map((seed) => {
      const scene = sceneOf(seed);
      const dye = compartmentLooks.plasma_membrane.render(scene);
      const mean = (isMeant: (edge: number) => boolean) => {
        const values = dye.filter((_, pixel) => isMeant(scene.field.edge[pixel]!));
        return values.reduce((sum, value) => sum + value, 0) / values.length;
      };
      return mean((edge) => edge > 0 && edge < 1.5) / mean((edge) => edge > 4);
    });
    expect(Math.min(...ratios)).toBeGreaterThan(1.2);
  });

  it("leaves everything outside the cells dark, but for the blur of spots", () => {
    for (const name of imageCompartments)
      expect(
        shareOf(name as ImageCompartment, ({ field }, pixel) => field.owner[pixel]! >= 0),
        name,
      ).toBeGreaterThan(0.9);
  });

  it("gives finite dye, never below 0", () => {
    for (const name of imageCompartments) {
      const dye = compartmentLooks[name as ImageCompartment].render(sceneOf(5));
      expect(
        dye.every((value) => value >= 0 && Number.isFinite(value)),
        name,
      ).toBe(true);
    }
  });
});
