// Batches for the denoiser: each crop with its protein, as latents, nuclear distance on the latent grid, residue
// embeddings and time steps. A pure function of the seed and the step.

import { createGenerator, float32, type NdArray, type RandomGenerator } from "@proteoscope/engine";
import { latentDistance } from "@proteoscope/imaging";
import { stainCondition } from "@proteoscope/models";
import { imageCompartments, imageTargets } from "../../data/atlas/compartments.ts";
import type { Crop } from "../../data/atlas/tables.ts";
import type { ShownCrop } from "../../data/batches/image-batches.ts";
import type { Pair } from "../../data/batches/negative-pairs.ts";
import { pairCrops } from "../../data/batches/paired-crops.ts";
import type { Pairing } from "../../data/batches/pairs.ts";
import { embeddingBatch, type SequenceEmbeddings } from "../../training/frozen/embedding-batch.ts";
import { type LatentCoder, type LatentOptions, latentBatch } from "../../training/frozen/latents.ts";

/** The networks that turn crops and proteins into the denoiser's inputs. */
export interface ConditionSources extends SequenceEmbeddings, Pick<LatentCoder, "encode"> {
  /** The condition of a target compartment, [width]. */
  readonly prototypes?: ReadonlyMap<string, Float32Array> | undefined;
  /** The embeddings with room for extra conditions, and their inputs; `uniform` decides which of them are dropped. */
  readonly encodeContext?:
    | ((
        pairs: readonly Pair[],
        embeddings: Readonly<Record<"sequence" | "mask", NdArray>>,
        uniform: Float32Array,
      ) => Readonly<Record<string, NdArray>>)
    | undefined;
  /** The mean latents of the further stains of crops, in the model's order, undefined for a stain that is missing. */
  readonly encodeStains?: ((shown: ShownCrop) => Promise<(Float32Array | undefined)[]>) | undefined;
}

export interface ConditionOptions extends LatentOptions {
  readonly embeddingWidth: number;
  /** Standard deviation of the nuclear distance, in pixels. */
  readonly distanceScale: number;
}

/** Nuclear distance of images [3, N, N] on the latent grid, [B, 1, h, w], in units of its standard deviation. */
export function distanceBatch(
  images: readonly Float32Array[],
  { side, latentSide, distanceScale }: ConditionOptions,
): NdArray {
  const plane = side * side;
  const size = latentSide * latentSide;
  const data = new Float32Array(images.length * size);
  for (const [item, image] of images.entries()) {
    const distance = latentDistance(image.subarray(2 * plane, 3 * plane), { height: side, width: side });
    data.set(
      distance.map((value) => value / distanceScale),
      item * size,
    );
  }
  return float32([images.length, 1, latentSide, latentSide], data);
}

/** The most extra conditions of a model: each sample has as many random numbers for their dropout. */
export const mostExtraConditions = 100;

/** Options of `diffusionSchema` by the same names, and what they act on. */
export interface ConditionBatchOptions extends ConditionOptions {
  readonly seed: number;
  readonly conditioningDropout: number;
  readonly residueSwapProbability?: number;
  readonly prototypeProbability?: number;
  readonly conditioningWarmupSteps?: number;
  readonly timesteps: number;
  readonly stainDropout?: number;
}

/** Fraction of samples that are trained without their sequence at a step. */
export function droppedShare(
  step: number,
  {
    conditioningDropout,
    conditioningWarmupSteps = 0,
  }: Pick<ConditionBatchOptions, "conditioningDropout" | "conditioningWarmupSteps">,
): number {
  const progress = step < conditioningWarmupSteps ? step / conditioningWarmupSteps : 1;
  return 1 - (1 - conditioningDropout) * progress;
}

/** The denoiser's inputs of a step, without the noise. Every crop must be paired. */
export async function conditionBatch(
  step: number,
  shown: readonly ShownCrop[],
  pairing: Pairing,
  sources: ConditionSources,
  options: ConditionBatchOptions,
): Promise<
  Record<"latents" | "distance" | "sequence" | "mask" | "isDropped" | "timestep", NdArray> &
    Record<string, NdArray>
> {
  const { seed, timesteps, latentChannels, latentSide } = options;
  const count = shown.length;
  const random = (name: string) => createGenerator(seed, name, step);
  const pairs = pairCrops(
    pairing,
    shown.map(({ crop }) => crop),
    { seed, step },
  );
  const normal = random("latents").normal(count * latentChannels * latentSide ** 2);
  const dropped = droppedShare(step, options);
  const isDropped = Uint8Array.from(random("dropped").uniform(count), (value) => (value < dropped ? 1 : 0));
  const embeddings = await embedPairs(pairs, sources, options, {
    swapped: random("swapped").uniform(count),
    targeted: random("decided").uniform(count),
  });
  const timestep = Int32Array.from(random("timesteps").integers(count, timesteps));
  return {
    latents: await latentBatch(shown, sources, options, normal),
    distance: distanceBatch(
      shown.map(({ image }) => image),
      options,
    ),
    ...(await stainBatch(shown, sources, options, random("stains left out"))),
    ...embeddings,
    ...sources.encodeContext?.(pairs, embeddings, random("left out").uniform(count * mostExtraConditions)),
    isDropped: { dtype: "bool", shape: [count], data: isDropped },
    timestep: { dtype: "int32", shape: [count], data: timestep },
  };
}

/** The further stains of crops, some of them left out where a generator says which; nothing for a denoiser without them. */
export async function stainBatch(
  shown: readonly ShownCrop[],
  { encodeStains }: Pick<ConditionSources, "encodeStains">,
  options: LatentOptions & Pick<ConditionBatchOptions, "stainDropout">,
  random?: RandomGenerator,
): Promise<{ stains?: NdArray }> {
  if (encodeStains === undefined) return {};
  const samples = await Promise.all(shown.map(encodeStains));
  const uniform = random?.uniform(samples.flat().length);
  const { stainDropout = 0 } = options;
  const shownStains = samples.map((stains, item) =>
    stains.map((latents, at) =>
      uniform !== undefined && uniform[item * stains.length + at]! < stainDropout ? undefined : latents,
    ),
  );
  return { stains: stainCondition(shownStains, options) };
}

/** Embeddings of the proteins, some with the residues of the next one, some with the prototypes of their crop. */
function embedPairs(
  pairs: readonly Pair[],
  sources: ConditionSources,
  options: ConditionBatchOptions,
  { swapped, targeted }: Readonly<Record<"swapped" | "targeted", Float32Array>>,
) {
  const { residueSwapProbability = 0, prototypeProbability = 0 } = options;
  const residues = pairs.map(({ protein }, item) =>
    swapped[item]! < residueSwapProbability ? pairs[(item + 1) % pairs.length]!.protein : protein,
  );
  const compartments = pairs.map(({ crop, protein }, item) => {
    const isTargeted = targeted[item]! < prototypeProbability;
    return (isTargeted && prototypeOf(crop, sources)) || protein.sequence;
  });
  return embeddingBatch(residues, sources, options, compartments);
}

/** The prototypes of a crop's compartments, mixed by their shares, [width]; undefined where one has no prototype. */
function prototypeOf(crop: Crop, { prototypes }: ConditionSources): Float32Array | undefined {
  const shares = imageTargets(crop.labels) ?? [];
  const shown = imageCompartments.flatMap((name, index) =>
    shares[index] ? [{ name, share: shares[index] }] : [],
  );
  const rows = shown.map(({ name }) => prototypes?.get(name));
  if (rows.length === 0 || rows.includes(undefined)) return undefined;
  return rows[0]!.map((_, i) => rows.reduce((sum, row, item) => sum + shown[item]!.share * row![i]!, 0));
}
