// How far a set of images lies from real ones as a set, in one space: Fréchet and kernel distances, and neighbourhoods. Every
// distance is of equal numbers of images, and the distance of real images to other real ones stands beside it.

import { createGenerator } from "@proteoscope/engine";
import { groupBy } from "../../data/group-by.ts";
import { type BootstrapOptions, bootstrap } from "../measures/bootstrap.ts";
import { meanByUnit } from "../measures/bootstrap-sums.ts";
import { gaussianDiscrepancy, openSubsetDistance } from "../measures/distributions/discrepancy.ts";
import { openFrechetDistance } from "../measures/distributions/frechet-distance.ts";
import { neighbourhoods } from "../measures/distributions/neighbourhoods.ts";
import { type Figure, type FigureKey, figureOf, plainFigure } from "./figure.ts";

/** An image in a space. */
export interface SpacePoint {
  /** Protein, or field of view for real images. */
  readonly unit: string;
  readonly embedding: Float32Array;
}

/** Largest number of images on a side: distances of sets grow with the square of it. */
export const mostCompared = 2000;
const mostForDiscrepancy = 500;
const distanceRounds = 50;
const fewest = 8;

/** Figures of a set of points beside a reference, the two distances alone for one channel or compartment; both are cut to one number, chosen at random. */
export function distributionFigures(
  reference: readonly SpacePoint[],
  points: readonly SpacePoint[],
  key: Omit<FigureKey, "measure">,
  options: BootstrapOptions = {},
): Figure[] {
  const n = Math.min(reference.length, points.length, mostCompared);
  if (n < fewest) return [];
  const real = choose(reference, n, options.seed ?? 0).map(({ embedding }) => embedding);
  const chosen = choose(points, n, options.seed ?? 0);
  const units = [...groupBy(chosen, ({ unit }) => unit).values()];
  const distance = (measure: string, toReal: (rows: readonly Float32Array[]) => number) => {
    const estimate = bootstrap<readonly SpacePoint[]>(
      units,
      (drawn) => toReal(drawn.flat().map(({ embedding }) => embedding)),
      { ...options, rounds: distanceRounds, centred: true },
    );
    return figureOf({ ...key, measure }, estimate, n);
  };
  const figures = [
    distance("frechet", openFrechetDistance(real)),
    distance("kid", kernelDistanceTo(real, options.seed ?? 0)),
  ];
  if (key.compartment || key.channel) return figures;
  const some = (rows: readonly Float32Array[]) => rows.slice(0, mostForDiscrepancy);
  const discrepancy = gaussianDiscrepancy(some(real), some(chosen.map(({ embedding }) => embedding)));
  return [
    ...figures,
    plainFigure({ ...key, measure: "mmd" }, discrepancy, Math.min(n, mostForDiscrepancy)),
    ...neighbourhoodFigures(choose(reference, n, options.seed ?? 0), chosen, key, options),
  ];
}

/** The value is over subsets; within the bootstrap one subset of each resample is enough. */
function kernelDistanceTo(reference: readonly Float32Array[], seed: number) {
  const distance = openSubsetDistance(reference, { seed });
  let subsets = 20;
  return (rows: readonly Float32Array[]) => {
    const value = distance(rows, subsets);
    subsets = 1;
    return value;
  };
}

function neighbourhoodFigures(
  real: readonly SpacePoint[],
  points: readonly SpacePoint[],
  key: Omit<FigureKey, "measure">,
  options: BootstrapOptions,
): Figure[] {
  const embeddings = (rows: readonly SpacePoint[]) => rows.map(({ embedding }) => embedding);
  const found = neighbourhoods(embeddings(real), embeddings(points));
  if (found === undefined) return [];
  const measures = [
    ["precision", points],
    ["density", points],
    ["recall", real],
    ["coverage", real],
  ] as const;
  return measures.map(([measure, rows]) => {
    const values = rows.map(({ unit }, i) => ({ unit, value: found[measure][i]! }));
    const unit = rows === real ? "fields" : (key.unit ?? "proteins");
    return figureOf({ ...key, measure, unit }, meanByUnit(values, options), rows.length);
  });
}

/** `n` of the points in random order; all in theirs where there are no more. The same for the same seed. */
export function choose<Point>(points: readonly Point[], n: number, seed: number): Point[] {
  if (points.length <= n) return [...points];
  const order = createGenerator(seed, "choose").shuffle(points.length).subarray(0, n);
  return Array.from(order, (index) => points[index]!);
}

/** Two halves of about equal number; the images of a unit (a field of view) stay together. */
export function splitUnits<Point extends { readonly unit: string }>(
  points: readonly Point[],
  seed: number,
): [Point[], Point[]] {
  const units = [...groupBy(points, ({ unit }) => unit).values()];
  const halves: [Point[], Point[]] = [[], []];
  for (const index of createGenerator(seed, "halves").shuffle(units.length))
    (halves[0].length <= halves[1].length ? halves[0] : halves[1]).push(...units[index]!);
  return halves;
}

/** Brings the points of sets to zero mean and unit deviation over the first of them: features of different scales. */
export function standardizer(points: readonly SpacePoint[]): (point: SpacePoint) => SpacePoint {
  const width = points[0]?.embedding.length ?? 0;
  const [means, squares] = [new Float64Array(width), new Float64Array(width)];
  for (const { embedding } of points)
    for (let i = 0; i < width; i++) {
      means[i]! += embedding[i]! / points.length;
      squares[i]! += embedding[i]! ** 2 / points.length;
    }
  const deviations = squares.map((square, i) => Math.sqrt(Math.max(0, square - means[i]! ** 2)));
  return ({ unit, embedding }) => ({
    unit,
    embedding: embedding.map((value, i) =>
      deviations[i]! > 1e-9 ? (value - means[i]!) / deviations[i]! : 0,
    ),
  });
}
