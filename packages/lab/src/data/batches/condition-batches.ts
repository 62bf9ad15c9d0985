// Batches for the denoiser: each crop with its protein, as latents, nuclear distance on the latent grid, residue
// embeddings and the numbers that the noise schedule needs. A pure function of the seed and the step.

import { createGenerator, type NdArray } from "@proteoscope/engine";
import { latentDistance } from "@proteoscope/imaging";
import { imageCompartments, imageTargets } from "../atlas/compartments.ts";
import type { Crop, Protein } from "../atlas/tables.ts";
import type { ShownCrop } from "./image-batches.ts";
import type { Pair } from "./negative-pairs.ts";
import type { Pairing } from "./pairs.ts";

/** The networks that turn crops and proteins into what the denoiser sees. */
export interface ConditionSources {
  encode(image: Float32Array, key: string): Promise<{ mean: Float32Array; deviation: Float32Array }>;
  /** The condition of a sequence, in place of its own compartments with another's or with what is told of them [width]. */
  embed(sequence: string, compartments?: string | Float32Array): Promise<Float32Array>;
  /** What is told of a compartment once it is decided on, [width]. */
  readonly prototypes?: ReadonlyMap<string, Float32Array> | undefined;
  /** The embeddings with room for what is told beside the sequences, and its inputs; `uniform` says what is left out. */
  readonly encodeContext?:
    | ((
        pairs: readonly Pair[],
        embeddings: Readonly<Record<"sequence" | "mask", NdArray>>,
        uniform: Float32Array,
      ) => Readonly<Record<string, NdArray>>)
    | undefined;
}

export interface ConditionOptions {
  readonly side: number;
  readonly latentSide: number;
  readonly latentChannels: number;
  readonly embeddingWidth: number;
  readonly latentScale: number;
  readonly distanceScale: number;
}

/** Latents [B, C, h, w], drawn from the posterior by standard normal numbers, in units of their deviation. */
export async function latentBatch(
  shown: readonly ShownCrop[],
  { encode }: Pick<ConditionSources, "encode">,
  {
    side,
    latentSide,
    latentChannels,
    latentScale,
  }: Omit<ConditionOptions, "embeddingWidth" | "distanceScale">,
  normal: Float32Array,
): Promise<NdArray> {
  const size = latentChannels * latentSide * latentSide;
  const data = new Float32Array(shown.length * size);
  for (const [item, { crop, image, symmetry }] of shown.entries()) {
    const seen = image.subarray(0, 2 * side * side); // protein and nucleus
    const { mean, deviation } = await encode(seen, `${crop.index} ${symmetry}`);
    for (let i = 0; i < size; i++) {
      data[item * size + i] = (mean[i]! + deviation[i]! * normal[item * size + i]!) / latentScale;
    }
  }
  return { dtype: "float32", shape: [shown.length, latentChannels, latentSide, latentSide], data };
}

/** Nuclear distance [B, 1, h, w] in units of its deviation. */
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
  return { dtype: "float32", shape: [images.length, 1, latentSide, latentSide], data };
}

/**
 * Embeddings [B, L, D] of proteins padded with zeros to the longest, and `mask` bool [B, L], 1 at tokens. `compartments`,
 * sequences or what is told of them, stand in place of the proteins' own.
 */
export async function embeddingBatch(
  proteins: readonly Protein[],
  { embed }: Pick<ConditionSources, "embed">,
  { embeddingWidth: width }: Pick<ConditionOptions, "embeddingWidth">,
  compartments: readonly (string | Float32Array)[] = [],
): Promise<{ sequence: NdArray; mask: NdArray }> {
  const rows: Float32Array[] = [];
  for (const [item, { sequence }] of proteins.entries()) rows.push(await embed(sequence, compartments[item]));
  const length = Math.max(...rows.map((row) => row.length / width));
  const data = new Float32Array(rows.length * length * width);
  const mask = new Uint8Array(rows.length * length);
  for (const [item, row] of rows.entries()) {
    data.set(row, item * length * width);
    mask.fill(1, item * length, item * length + row.length / width);
  }
  return {
    sequence: { dtype: "float32", shape: [rows.length, length, width], data },
    mask: { dtype: "bool", shape: [rows.length, length], data: mask },
  };
}

/** Random numbers of a sample that decide which extra conditions it is told. */
export const mostExtraConditions = 100;

export interface ConditionBatchOptions extends ConditionOptions {
  readonly seed: number;
  /** Share of samples that are trained without their sequence. */
  readonly conditioningDropout: number;
  /** Share of samples that are told their own compartments with another protein's residues. Default 0. */
  readonly residueSwapProbability?: number;
  /** Share of samples that are told what is typical of their image's compartments, in place of a protein's. Default 0. */
  readonly prototypeProbability?: number;
  /** Steps over which the share of samples with their sequence grows from none to all but `conditioningDropout`. Default 0. */
  readonly conditioningWarmupSteps?: number;
  readonly timesteps: number;
}

/** Share of samples that are trained without their sequence at a step. */
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

/** The denoiser's inputs of a step, apart from the noise. Every crop must have a partner. */
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
  const {
    seed,
    timesteps,
    latentChannels,
    latentSide,
    residueSwapProbability = 0,
    prototypeProbability = 0,
  } = options;
  const count = shown.length;
  const draw = (name: string) => createGenerator(seed, name, step);
  const pairedProteins = draw("partners").uniform(count);
  const proteins = shown.map(({ crop }, item) => {
    const protein = pairing.pairedProtein(crop, pairedProteins[item]!);
    if (protein === undefined) throw new RangeError(`crop ${crop.index} has no training protein to go with`);
    return protein;
  });
  const normal = draw("latents").normal(count * latentChannels * latentSide ** 2);
  const dropped = droppedShare(step, options);
  const isDropped = Uint8Array.from(draw("dropped").uniform(count), (value) => (value < dropped ? 1 : 0));
  const swapped = draw("swapped").uniform(count);
  const residuesOf = proteins.map((own, item) =>
    swapped[item]! < residueSwapProbability ? proteins[(item + 1) % count]! : own,
  );
  const targeted = draw("decided").uniform(count);
  const compartments = proteins.map(({ sequence }, item) => {
    const isTargeted = targeted[item]! < prototypeProbability;
    return (isTargeted && prototypeOf(shown[item]!.crop, sources)) || sequence;
  });
  const embeddings = await embeddingBatch(residuesOf, sources, options, compartments);
  const timestep = Int32Array.from(draw("timesteps").integers(count, timesteps));
  return {
    latents: await latentBatch(shown, sources, options, normal),
    distance: distanceBatch(
      shown.map(({ image }) => image),
      options,
    ),
    ...embeddings,
    ...sources.encodeContext?.(
      shown.map(({ crop }, item) => ({ crop, protein: proteins[item]! })),
      embeddings,
      draw("left out").uniform(count * mostExtraConditions),
    ),
    isDropped: { dtype: "bool", shape: [count], data: isDropped },
    timestep: { dtype: "int32", shape: [count], data: timestep },
  };
}

/** What is typical of a crop's compartments, mixed by their shares, [width]; undefined where that is not told of all. */
function prototypeOf(crop: Crop, { prototypes }: ConditionSources): Float32Array | undefined {
  const shares = imageTargets(crop.labels) ?? [];
  const shown = imageCompartments.flatMap((name, place) =>
    shares[place] ? [{ name, share: shares[place] }] : [],
  );
  const rows = shown.map(({ name }) => prototypes?.get(name));
  if (rows.length === 0 || rows.includes(undefined)) return undefined;
  return rows[0]!.map((_, i) => rows.reduce((sum, row, item) => sum + shown[item]!.share * row![i]!, 0));
}
