// How well cytoself does on images that it does not learn from: errors, proteins named right, codes in use, and a picture.
// One image is computed at a time, so that its score does not depend on the others.

import {
  add,
  compile,
  f32,
  float32,
  i32,
  mul,
  type NdArray,
  type Runtime,
  sub,
  type Tensor,
} from "@proteoscope/engine";
import { drawGrid } from "@proteoscope/imaging";
import { type CytoselfConfig, type CytoselfLossConfig, cytoself, cytoselfLoss } from "@proteoscope/models";
import type { CropPixels } from "../../data/atlas/crop-pixels.ts";
import type { Crop } from "../../data/atlas/tables.ts";
import type { Scores } from "../../training/scores.ts";

type StateDict = ReadonlyMap<string, NdArray>;

/** The network without its weights, and the images that it is validated on. */
export interface CytoselfData {
  readonly network: CytoselfConfig;
  readonly loss: CytoselfLossConfig;
  readonly pixels: CropPixels;
  /** Crop images [3, N, N] as the network sees them. */
  stackImages(images: readonly Float32Array[]): NdArray;
  /** The class of a crop of known protein. */
  classOf(crop: Crop): number | undefined;
}

const mode = { training: false };

/**
 * `loss` as in training; `reconstructionError`, the share of the images' variance that is not reconstructed; `accuracy` on
 * known proteins, and `macroRecall` averaged over those that occur; for each level's codebook the share of codes that
 * occur (`codebookUse1`, ...) and the perplexity over all images.
 */
export async function validateCytoself(
  runtime: Runtime,
  weights: StateDict,
  { network, loss, pixels, stackImages, classOf }: CytoselfData,
  crops: readonly Crop[],
): Promise<Scores> {
  const program = await compile(
    runtime,
    (w, batch) => {
      const losses = cytoselfLoss(w, network, loss, batch, mode);
      const { levels } = losses.outputs;
      const naming = mul(losses.classification.reduce(add), loss.fcCoeff);
      const codes = levels.map(({ histogram }, index) => [codesOf(index), histogram] as const);
      return {
        ...{ naming, reconstructing: sub(losses.loss, naming), error: losses.reconstruction[0]! },
        logits: levels.findLast(({ logits }) => logits !== undefined)!.logits!,
        ...Object.fromEntries<Tensor>(codes),
      };
    },
    { images: f32(1, ...network.inputShape), labels: i32(1), labelWeights: f32(1) },
    { weights },
  );
  try {
    const sums = { naming: 0, reconstructing: 0, error: 0 };
    const names = new Map<number, { right: number; all: number }>();
    const codes = network.encoderArgs.map(() => new Float64Array(network.vqArgs.numEmbeddings));
    for (const crop of crops) {
      const label = classOf(crop);
      const outputs: Readonly<Record<string, NdArray>> = await program.run({
        images: stackImages([(await pixels.read(crop.index)).data]),
        labels: { dtype: "int32", shape: [1], data: Int32Array.of(label ?? 0) },
        labelWeights: float32([1], Float32Array.of(label === undefined ? 0 : 1)),
      });
      const valuesOf = (name: string) => outputs[name]!.data as Float32Array;
      for (const name of ["naming", "reconstructing", "error"] as const) sums[name] += valuesOf(name)[0]!;
      for (const [level, counts] of codes.entries())
        for (const [code, count] of valuesOf(codesOf(level)).entries()) counts[code]! += count;
      if (label === undefined) continue;
      const score = names.get(label) ?? { right: 0, all: 0 };
      score.all++;
      if (largest(valuesOf("logits")) === label) score.right++;
      names.set(label, score);
    }
    const known = [...names.values()].reduce((total, { all }) => total + all, 0);
    return {
      loss: sums.reconstructing / crops.length + sums.naming / Math.max(known, 1),
      reconstructionError: sums.error / crops.length,
      ...(known > 0 && scoreNames([...names.values()], known)),
      ...Object.assign({}, ...codes.map(scoreCodebook)),
    };
  } finally {
    await program.close();
  }
}

const codesOf = (level: number) => `codes${level + 1}`;

function scoreNames(names: readonly { right: number; all: number }[], known: number): Scores {
  return {
    accuracy: names.reduce((total, { right }) => total + right, 0) / known,
    macroRecall: names.reduce((total, { right, all }) => total + right / all, 0) / names.length,
  };
}

/** The share of codes that occur, and the perplexity of their distribution, from their counts. */
function scoreCodebook(counts: Float64Array, level: number): Scores {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const used = counts.filter((count) => count > 0);
  const entropy = used.reduce((sum, count) => sum - (count / total) * Math.log(count / total), 0);
  return {
    [`codebookUse${level + 1}`]: used.length / counts.length,
    [`perplexity${level + 1}`]: Math.exp(entropy),
  };
}

function largest(values: Float32Array): number {
  return values.indexOf(values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY));
}

/** A PNG with one row per crop: for each channel the image and its reconstruction. */
export async function drawReconstructions(
  runtime: Runtime,
  weights: StateDict,
  { network, pixels, stackImages }: CytoselfData,
  crops: readonly Crop[],
): Promise<Uint8Array> {
  const [channels, side] = network.inputShape;
  const plane = side * side;
  const program = await compile(
    runtime,
    (w, { images }) => ({ made: cytoself(w, network, images, mode).reconstruction }),
    { images: f32(1, ...network.inputShape) },
    { weights },
  );
  try {
    const rows: Float32Array[][] = [];
    for (const { index } of crops) {
      const images = stackImages([(await pixels.read(index)).data]);
      const { made } = await program.run({ images });
      const pair = [images.data as Float32Array, made.data as Float32Array];
      rows.push(
        Array.from({ length: channels }, (_, channel) =>
          pair.map((values) => values.subarray(channel * plane, (channel + 1) * plane)),
        ).flat(),
      );
    }
    return drawGrid(rows, side);
  } finally {
    await program.close();
  }
}
