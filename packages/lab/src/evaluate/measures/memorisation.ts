// Which training crop an image resembles most: a check that a model does not memorise. Images are compared by
// Pearson's correlation over the footprint of the cell, with every crop in all eight orientations that training shows.
// There is one matrix product per batch of crops. The question, not the method, is that of Carlini et al. 2023
// (arXiv:2301.13188).

import {
  compile,
  div,
  f32,
  float32,
  greater,
  matmul,
  matrixTranspose,
  mul,
  type NdArray,
  type Runtime,
  select,
  sqrt,
  sub,
  sum,
} from "@proteoscope/engine";
import { quantile } from "simple-statistics";
import { symmetryCount, transformSquare } from "../../data/batches/augment.ts";

/** An image to compare with training crops. */
export interface SoughtImage {
  /** The protein channel [N, N]. */
  readonly protein: ArrayLike<number>;
  /** Mask [N, N], non-zero where the cell is. */
  readonly footprint: ArrayLike<number>;
}

/** The training crop that correlates most with an image. */
export interface NearestCrop {
  /** Position in the list of crops. */
  readonly position: number;
  /** Index of the symmetry of `transformSquare` that brings the crop to the image's orientation. */
  readonly symmetry: number;
  /** Pearson's correlation, -1 to 1; 0 where no crop varies inside the footprint. */
  readonly correlation: number;
}

/** Number of crops per matrix product, each in eight orientations. */
const batchCrops = 16;
/** A crop is flat that deviates less inside a footprint: less than three of 256 grey levels. */
const leastDeviation = 0.01;

/**
 * The nearest of `crops`, protein planes [side, side], for each image.
 * @throws RangeError for planes of another size and for no crops, the signal's reason when it is aborted.
 */
export async function findNearestCrops(
  runtime: Runtime,
  images: readonly SoughtImage[],
  crops: readonly Float32Array[],
  side: number,
  options: { readonly signal?: AbortSignal; readonly onCompared?: (crops: number) => void } = {},
): Promise<NearestCrop[]> {
  const pixels = side * side;
  const planes = [...images.flatMap(({ protein, footprint }) => [protein, footprint]), ...crops];
  if (crops.length === 0) throw new RangeError("there are no crops to compare with");
  if (planes.some(({ length }) => length !== pixels))
    throw new RangeError(`the planes to compare are not all of ${side} x ${side} pixels`);
  const best = images.map(
    (): NearestCrop => ({ position: 0, symmetry: 0, correlation: Number.NEGATIVE_INFINITY }),
  );
  if (images.length === 0) return best;
  const masks = images.map(({ footprint }) => Float32Array.from(footprint, (value) => (value === 0 ? 0 : 1)));
  const directions = images.map(({ protein, footprint }) => directionOf(protein, footprint));
  const program = await compileCorrelation(
    runtime,
    new Map([
      ["footprints", stack(masks)],
      ["directions", stack(directions)],
    ]),
  );
  try {
    for (let first = 0; first < crops.length; first += batchCrops) {
      options.signal?.throwIfAborted();
      const batch = crops.slice(first, first + batchCrops);
      const turned = stack(
        batch.flatMap((crop) =>
          Array.from({ length: symmetryCount }, (_, s) => transformSquare(crop, side, s)),
        ),
      );
      const { correlation } = await program.run({ crops: turned });
      const values = correlation.data as Float32Array;
      const columns = batch.length * symmetryCount;
      for (const [row, found] of best.entries()) {
        const ofImage = values.subarray(row * columns, (row + 1) * columns);
        const correlation = ofImage.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
        if (correlation <= found.correlation) continue;
        const column = ofImage.indexOf(correlation);
        const position = first + Math.floor(column / symmetryCount);
        best[row] = { position, symmetry: column % symmetryCount, correlation };
      }
      options.onCompared?.(first + batch.length);
    }
    return best;
  } finally {
    await program.close();
  }
}

/**
 * The correlation above which an image counts as near: the quantile `share` of the correlations of real images with their
 * nearest crop. NaN for no images.
 */
export function nearThreshold(real: readonly NearestCrop[], share: number): number {
  if (real.length === 0) return Number.NaN;
  return quantile(
    real.map(({ correlation }) => correlation),
    share,
  );
}

/** The image less its mean inside the footprint, 0 outside, at length 1. */
function directionOf(image: ArrayLike<number>, footprint: ArrayLike<number>): Float32Array {
  let [count, total] = [0, 0];
  for (let i = 0; i < image.length; i++) {
    if (footprint[i] === 0) continue;
    count++;
    total += image[i]!;
  }
  const centred = Float64Array.from(image, (value, i) => (footprint[i] === 0 ? 0 : value - total / count));
  const length = Math.sqrt(centred.reduce((sum, value) => sum + value ** 2, 0));
  return Float32Array.from(centred, (value) => (length > 0 ? value / length : 0));
}

/** crops [K, P] -> correlation [Q, K] with images whose footprints and directions are [Q, P]. */
function compileCorrelation(runtime: Runtime, weights: ReadonlyMap<string, NdArray>) {
  const [images, pixels] = weights.get("footprints")!.shape as [number, number];
  const given = { kind: "constant", value: 0 } as const; // no start: the values are the images'
  return compile(
    runtime,
    (w, { crops }) => {
      const footprints = w.parameter("footprints", [images, pixels], given);
      const directions = w.parameter("directions", [images, pixels], given);
      const columns = matrixTranspose(crops);
      const sums = matmul(footprints, columns);
      const squares = matmul(footprints, mul(columns, columns));
      const counts = sum(footprints, { axes: [1], keepDims: true });
      const spread = sub(squares, div(mul(sums, sums), counts));
      const isVaried = greater(spread, mul(counts, leastDeviation ** 2));
      const correlation = div(matmul(directions, columns), sqrt(select(isVaried, spread, 1)));
      return { correlation: select(isVaried, correlation, 0) };
    },
    { crops: f32("crops", pixels) },
    { weights },
  );
}

function stack(rows: readonly Float32Array[]): NdArray {
  const width = rows[0]!.length;
  const data = new Float32Array(rows.length * width);
  for (const [index, row] of rows.entries()) data.set(row, index * width);
  return float32([rows.length, width], data);
}
