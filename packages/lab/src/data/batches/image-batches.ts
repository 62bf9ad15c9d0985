// Batches of crop images: drawn by weight, turned by a random symmetry of the square, blends of two cells less and
// less often as a run goes on. A pure function of the seed and the step.

import { createGenerator, type NdArray } from "@proteoscope/engine";
import { z } from "zod";
import type { CropPixels } from "../atlas/crop-pixels.ts";
import { isTrainingCrop, splitSequences, splitsByUniprot } from "../atlas/splits.ts";
import {
  type Crop,
  type Protein,
  readCrops,
  readLocalisation,
  readProteins,
  simulatedSource,
} from "../atlas/tables.ts";
import { symmetryCount, transformSquare } from "./augment.ts";
import { createCropSampler, cropWeights, scheduleShare } from "./crop-sampler.ts";

/** A share of a batch at the start and at the end of a run; linear between them. */
export const shareSchema = z.strictObject({
  start: z.number().min(0).max(1),
  end: z.number().min(0).max(1),
});

/** What each configuration of an image model says about its data, under `data`. */
export const imageDataSchema = z.strictObject({
  batchSize: z.int().positive(),
  compartmentBalance: z.number().min(0).max(1),
  sourceBalance: z.number().min(0).max(1),
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
  blendShare: shareSchema,
  validationCount: z.int().positive(),
});
export type ImageDataConfig = z.infer<typeof imageDataSchema>;

export interface ImageData {
  /** Crops that may be learned from. */
  readonly training: readonly Crop[];
  /** Real cells of other fields of view, of proteins that are not held out: seen proteins, unseen images. */
  readonly validation: readonly Crop[];
  /** Human proteins that may be learned from. */
  readonly proteins: readonly Protein[];
}

/** The crops and proteins of an atlas folder that the image models learn from and are validated on. */
export async function readImageData(folder: string): Promise<ImageData> {
  const { crops } = await readCrops(folder);
  const human = await readProteins(folder);
  const splits = splitSequences([...human, ...(await readLocalisation(folder))]).slice(0, human.length);
  const byUniprot = splitsByUniprot(human, splits);
  const isHeldOut = ({ uniprot }: Crop) =>
    uniprot !== undefined && (byUniprot.get(uniprot) ?? "train") !== "train";
  return {
    training: crops.filter((crop) => isTrainingCrop(crop, byUniprot)),
    validation: crops.filter((crop) => crop.split === "val" && !crop.isBlend && !isHeldOut(crop)),
    proteins: human.filter((_, index) => splits[index] === "train"),
  };
}

export interface ShownCrop {
  readonly crop: Crop;
  /** [3, N, N]: protein, nucleus, distance, turned by a random symmetry. */
  readonly image: Float32Array;
  /** Which of the eight it was, 0 for none. */
  readonly symmetry: number;
}

export interface ImageBatchOptions extends ImageDataConfig {
  /** Of simulated cells; none by default. */
  readonly simulatedShare?: z.infer<typeof shareSchema> | undefined;
  readonly seed: number;
  readonly totalSteps: number;
  /** Whether simulated cells are turned as well; otherwise each has one orientation. Default true. */
  readonly turnsSimulated?: boolean;
  /** How often each crop is shown, where that is not by quality and rarity alone. */
  readonly weights?: Float64Array;
}

/** The crops of each training step. */
export function createImageBatches(
  crops: readonly Crop[],
  pixels: CropPixels,
  options: ImageBatchOptions,
): (step: number) => Promise<ShownCrop[]> {
  const { batchSize, blendShare, seed, totalSteps, weights = cropWeights(crops, options) } = options;
  const { simulatedShare = { start: 0, end: 0 }, turnsSimulated = true } = options;
  if (pixels.height !== pixels.width) throw new RangeError("the symmetries of the square need square crops");
  const draw = createCropSampler(crops, weights);
  return (step) => {
    const uniform = createGenerator(seed, "crops", step).uniform(3 * batchSize);
    const shares = {
      blend: scheduleShare(blendShare, step / totalSteps),
      simulated: scheduleShare(simulatedShare, step / totalSteps),
    };
    return Promise.all(
      Array.from({ length: batchSize }, async (_, item) => {
        const [first, second, third] = uniform.subarray(3 * item, 3 * item + 3) as unknown as number[];
        const crop = draw([first!, second!], shares);
        const { data } = await pixels.read(crop.index);
        const isTurned = turnsSimulated || crop.source !== simulatedSource;
        const symmetry = isTurned ? Math.floor(third! * symmetryCount) : 0;
        return { crop, symmetry, image: transformSquare(data, pixels.height, symmetry) };
      }),
    );
  };
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
  return { dtype: "float32", shape: [images.length, channels.length, side, side], data };
}

/** As many crops as wanted, evenly over the compartments, in an order that the seed gives. */
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
