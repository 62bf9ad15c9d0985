// Batches of crop images: sampled by weight, each in a random orientation of the square, with fewer blends of two cells as a
// run goes on. A pure function of the seed and the step.

import { createGenerator, float32, type NdArray } from "@proteoscope/engine";
import { FormatError } from "@proteoscope/formats";
import { z } from "zod";
import type { CropPixels } from "../atlas/crop-pixels.ts";
import { proteinFractionSchema } from "../atlas/protein-fraction.ts";
import { type Crop, simulatedSource } from "../atlas/tables.ts";
import { symmetryCount, transformSquare } from "./augment.ts";
import { createCropSampler, cropWeights, scheduleShare } from "./crop-sampler.ts";

/** A fraction of the batches at the first and at the last step of a run; linear between them. */
export const shareSchema = z.strictObject({
  start: z.number().min(0).max(1),
  end: z.number().min(0).max(1),
});

/** Options of every trainer of an image model, under `data`. */
export const imageDataSchema = z.strictObject({
  batchSize: z.int().positive(),
  /** From 0, compartments are sampled as often as they occur, to 1, equally often. */
  compartmentBalance: z.number().min(0).max(1),
  /** The same for the sources of the crops. */
  sourceBalance: z.number().min(0).max(1),
  /** Factors for crops whose labels are known to mislead. */
  rules: z
    .array(
      z.strictObject({
        source: z.string().optional(),
        gene: z.string().optional(),
        primary: z.string().optional(),
        weight: z.number().nonnegative(),
      }),
    )
    .default([]),
  /** Fraction of blends, crops that average two cells. */
  blendShare: shareSchema,
  /** Images to validate on, and as many of unseen proteins. */
  validationCount: z.int().positive(),
  proteinFraction: proteinFractionSchema,
});
export type ImageDataConfig = z.infer<typeof imageDataSchema>;

export interface ShownCrop {
  readonly crop: Crop;
  /** [3, N, N]: protein, nucleus, distance, in a random orientation. */
  readonly image: Float32Array;
  /** Which of the eight symmetries of the square, 0 for the crop as it is. */
  readonly symmetry: number;
}

export interface ImageBatchOptions extends Omit<ImageDataConfig, "proteinFraction"> {
  /** Fraction of simulated cells; none by default. */
  readonly simulatedShare?: z.infer<typeof shareSchema> | undefined;
  readonly seed: number;
  readonly totalSteps: number;
  /** Whether simulated cells have random orientations too; otherwise each has one. Default true. */
  readonly turnsSimulated?: boolean;
  /** How often each crop is sampled, where that is not by quality and rarity alone. */
  readonly weights?: Float64Array;
}

/** A crop of a batch, before it is read. */
export type ChosenCrop = Omit<ShownCrop, "image">;

/**
 * Chooses the crops of each training step.
 * @throws FormatError where no crop is left to sample
 */
export function createCropChoice(
  crops: readonly Crop[],
  options: ImageBatchOptions,
): (step: number) => ChosenCrop[] {
  const { batchSize, blendShare, seed, totalSteps, weights = cropWeights(crops, options) } = options;
  const { simulatedShare = { start: 0, end: 0 }, turnsSimulated = true } = options;
  if (!weights.some((weight) => weight > 0))
    throw new FormatError("atlas", "crops.csv has no crop to learn from", {
      hint: "give crops with split_image train, a quality above 0, and a protein or a compartment that is known",
    });
  const sample = createCropSampler(crops, weights);
  return (step) => {
    const uniform = createGenerator(seed, "crops", step).uniform(3 * batchSize);
    const shares = {
      blend: scheduleShare(blendShare, step / totalSteps),
      simulated: scheduleShare(simulatedShare, step / totalSteps),
    };
    return Array.from({ length: batchSize }, (_, item) => {
      const [first, second, third] = uniform.subarray(3 * item, 3 * item + 3) as unknown as number[];
      const crop = sample([first!, second!], shares);
      const isTurned = turnsSimulated || crop.source !== simulatedSource;
      return { crop, symmetry: isTurned ? Math.floor(third! * symmetryCount) : 0 };
    });
  };
}

/**
 * Samples the crops of each training step.
 * @throws FormatError for crops that are not square, and where no crop is left to sample
 */
export function createImageBatches(
  crops: readonly Crop[],
  pixels: CropPixels,
  options: ImageBatchOptions,
): (step: number) => Promise<ShownCrop[]> {
  const { height, width } = pixels;
  if (height !== width)
    throw new FormatError("atlas", `the crops are ${width} x ${height} pixels`, { hint: "cut square ones" });
  const choose = createCropChoice(crops, options);
  return (step) =>
    Promise.all(
      choose(step).map(async ({ crop, symmetry }) => {
        const { data } = await pixels.read(crop.index);
        return { crop, symmetry, image: transformSquare(data, height, symmetry) };
      }),
    );
}

/** Chosen channels of images [3, N, N] as one array [B, channels, N, N]. */
export function stackChannels(
  images: readonly Float32Array[],
  side: number,
  channels: readonly number[],
): NdArray {
  const plane = side * side;
  const data = new Float32Array(images.length * channels.length * plane);
  let offset = 0;
  for (const image of images) {
    for (const channel of channels) {
      data.set(image.subarray(channel * plane, (channel + 1) * plane), offset);
      offset += plane;
    }
  }
  return float32([images.length, channels.length, side, side], data);
}

/** Up to `count` crops, taken from the compartments in turn, in an order that the seed gives. */
export function chooseCrops(crops: readonly Crop[], count: number, seed: number): Crop[] {
  const order = createGenerator(seed, "validation").shuffle(crops.length);
  const queues = new Map<string, Crop[]>();
  for (const position of order) {
    const crop = crops[position]!;
    queues.set(crop.primary, [...(queues.get(crop.primary) ?? []), crop]);
  }
  const chosen: Crop[] = [];
  for (let round = 0; chosen.length < Math.min(count, crops.length); round++) {
    for (const queue of queues.values()) {
      const crop = queue[round];
      if (crop !== undefined && chosen.length < count) chosen.push(crop);
    }
  }
  return chosen;
}
