// How well cytoself does on images that it has not learned: errors, names told right, codes in use, and a picture.
// One image at a time, so that what a crop scores does not depend on its company.

import { compile, f32, i32, type NdArray, type Runtime, type Tensor } from "@proteoscope/engine";
import { type CytoselfConfig, type CytoselfLossConfig, cytoself, cytoselfLoss } from "@proteoscope/models";
import type { Crop } from "../data/atlas.ts";
import type { CropPixels } from "../data/crop-pixels.ts";
import type { Scores } from "./loop.ts";
import { drawGrid } from "./picture-grid.ts";

export interface CytoselfJudge {
  readonly network: CytoselfConfig;
  readonly weights: ReadonlyMap<string, NdArray>;
  readonly loss: CytoselfLossConfig;
  readonly pixels: CropPixels;
  /** Crop images [3, N, N] as the network sees them. */
  stackImages(images: readonly Float32Array[]): NdArray;
  /** The class of a crop of known protein. */
  classOf(crop: Crop): number | undefined;
}

const mode = { training: false };

/**
 * `loss` as in training; `reconstructionError`, the share of the images' variance that is not drawn again; of known
 * proteins `accuracy`, and `macroRecall` averaged over those that occur; of each level's codebook the share of codes
 * that occur (`codebookUse1`, ...) and the perplexity over all images.
 */
export async function validateCytoself(
  runtime: Runtime,
  { network, weights, loss, pixels, stackImages, classOf }: CytoselfJudge,
  crops: readonly Crop[],
): Promise<Scores> {
  const program = await compile(
    runtime,
    (w, batch) => {
      const {
        reconstruction,
        classification,
        outputs,
        loss: total,
      } = cytoselfLoss(w, network, loss, batch, mode);
      const histograms = outputs.levels.map(({ histogram }, index) => [`codes${index + 1}`, histogram]);
      const logits = outputs.levels.findLast((level) => level.logits !== undefined)!.logits!;
      const classifications = Object.fromEntries(
        classification.map((value, index) => [`name${index}`, value]),
      );
      return {
        ...{ total, reconstruction: reconstruction[0]!, logits, ...classifications },
        ...(Object.fromEntries(histograms) as Record<string, Tensor>),
      };
    },
    { images: f32(1, ...network.inputShape), labels: i32(1), labelWeights: f32(1) },
    { weights },
  );
  try {
    const sums = { unnamed: 0, named: 0, error: 0 };
    const names = new Map<number, { right: number; all: number }>();
    const codes = network.encoderArgs.map(() => new Float64Array(network.vqArgs.numEmbeddings));
    for (const crop of crops) {
      const wanted = classOf(crop);
      const outputs: Readonly<Record<string, { readonly data: unknown }>> = await program.run({
        images: stackImages([(await pixels.read(crop.index)).data]),
        labels: { dtype: "int32", shape: [1], data: Int32Array.of(wanted ?? 0) },
        labelWeights: { dtype: "float32", shape: [1], data: Float32Array.of(wanted === undefined ? 0 : 1) },
      });
      const valuesOf = (name: string) => outputs[name]!.data as Float32Array;
      const named =
        loss.fcCoeff * network.fcOutputIdx.reduce((total, _, i) => total + valuesOf(`name${i}`)[0]!, 0);
      sums.named += named;
      sums.unnamed += valuesOf("total")[0]! - named;
      sums.error += valuesOf("reconstruction")[0]!;
      for (const [level, counts] of codes.entries())
        valuesOf(`codes${level + 1}`).forEach((count, code) => {
          counts[code]! += count;
        });
      if (wanted === undefined) continue;
      const score = names.get(wanted) ?? { right: 0, all: 0 };
      score.all++;
      if (largest(valuesOf("logits")) === wanted) score.right++;
      names.set(wanted, score);
    }
    const known = [...names.values()];
    const knownCount = known.reduce((total, { all }) => total + all, 0);
    return {
      loss: sums.unnamed / crops.length + (knownCount === 0 ? 0 : sums.named / knownCount),
      reconstructionError: sums.error / crops.length,
      ...(knownCount > 0 && {
        accuracy: known.reduce((total, { right }) => total + right, 0) / knownCount,
        macroRecall: known.reduce((total, { right, all }) => total + right / all, 0) / known.length,
      }),
      ...Object.assign({}, ...codes.map(scoreCodebook)),
    };
  } finally {
    await program.close();
  }
}

/** Of counts of codes: how many occur at all, and how many are in even use. */
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

/** A PNG: each row a crop, of each of its channels the image and what the network draws of it. */
export async function drawReconstructions(
  runtime: Runtime,
  { network, weights, pixels, stackImages }: CytoselfJudge,
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
