// CELL-Diff in both directions: from a sequence and pictures of stains to the protein's picture, and from the protein's
// picture to masked residues. The sequence is read once per protein, and the network then takes its steps.

import {
  compile,
  f32,
  float32,
  i64,
  type NdArray,
  type Program,
  type Runtime,
  type Tensors,
} from "@proteoscope/engine";
import { type AutoencoderKlConfig, decode, encode, sampleLatent } from "../autoencoder-kl/network.ts";
import type { Network } from "../checkpoints/network-definition.ts";
import { standardResidueIds } from "../esm2/tokenizer.ts";
import { type CellDiffConfig, cellDiffKeyValues, cellDiffSequence, crossAttentions } from "./network.ts";
import { cellDiffDdimStep, cellDiffSchedule, type Respacing } from "./schedule.ts";
import { cellDiffDenoise } from "./stages.ts";
import { cellDiffMaskId } from "./tokenizer.ts";

/**
 * Encodes pictures [n, 1, H, W] in [-1, 1], one after the other, with standard normal noise [n, latentChannels, H / 4, W / 4]:
 * latents of that shape. The posterior is sampled for conditions too, so that the noise belongs to the record of a picture.
 */
export async function encodeCellDiff(
  runtime: Runtime,
  { config, weights }: Network<AutoencoderKlConfig>,
  pictures: NdArray,
  noise: NdArray,
): Promise<NdArray> {
  const program = await compile(
    runtime,
    (w, { x, random }) => ({ latent: sampleLatent(encode(w, config, x), random) }),
    { x: f32(...pictures.shape), random: f32(...noise.shape) },
    { weights },
  );
  return runOnce(program, { x: pictures, random: noise }).then(({ latent }) => latent!);
}

/** Decodes latents [n, latentChannels, h, w] -> pictures [n, 1, 4 h, 4 w] in [0, 1]. */
export async function decodeCellDiff(
  runtime: Runtime,
  { config, weights }: Network<AutoencoderKlConfig>,
  latent: NdArray,
): Promise<NdArray> {
  const program = await compile(
    runtime,
    (w, { z }) => ({ picture: decode(w, config, z) }),
    { z: f32(...latent.shape) },
    { weights },
  );
  const { picture } = await runOnce(program, { z: latent });
  const data = (picture!.data as Float32Array).map((value) => Math.min(1, Math.max(0, (value + 1) / 2)));
  return float32(picture!.shape, data);
}

async function runOnce(program: Program, inputs: Record<string, NdArray>): Promise<Record<string, NdArray>> {
  try {
    return (await program.run(inputs)) as Record<string, NdArray>;
  } finally {
    await program.close();
  }
}

/**
 * The latents of stains for the network, [1, numStains * latentChannels, s, s]: given ones [1, latentChannels, s, s], and for a
 * stain that is missing the placeholder of the file. @throws RangeError where that does not fit, or the nucleus is missing.
 */
export function cellDiffCondition(
  { config, weights }: Network<CellDiffConfig>,
  stains: readonly (NdArray | undefined)[],
): NdArray {
  const { numStains, latentChannels, sampleSize } = config;
  const first = stains[0];
  if (first === undefined) throw new RangeError("cell-diff: the latents of the nucleus are needed");
  const [, , height, width] = first.shape as [number, number, number, number];
  const size = height * width;
  const data = new Float32Array(numStains * latentChannels * size);
  const placeholder = weights.get("cell_img_placeholder")?.data as Float32Array | undefined;
  for (let stain = 0; stain < numStains; stain += 1) {
    const given = stains[stain]?.data as Float32Array | undefined;
    const start = stain * latentChannels * size;
    if (given !== undefined) data.set(given, start);
    else if (placeholder === undefined || height !== sampleSize || width !== sampleSize)
      throw new RangeError(
        `cell-diff: the placeholder of a missing stain fits latents of ${sampleSize}x${sampleSize} alone`,
      );
    else
      for (let channel = 0; channel < latentChannels; channel += 1)
        data.set(placeholder, start + channel * size);
  }
  return float32([1, numStains * latentChannels, height, width], data);
}

/** CELL-Diff for latents of one size and sequences of one length: `openCellDiff`, or `openStagedCellDiff` from disk. */
export interface CellDiffStepper {
  /** Reads a sequence's tokens, which the steps after it use. */
  readSequence(tokens: readonly number[]): Promise<void>;
  /** Noise and logits for latents at a timestep. */
  step(
    sample: NdArray,
    cell: NdArray,
    timestep: number,
  ): Promise<{ readonly noise: Float32Array; readonly sequenceLogits: Float32Array }>;
  close(): Promise<void>;
}

/** Compiles CELL-Diff; keys and values of the sequence are computed by `readSequence` alone. */
export async function openCellDiff(
  runtime: Runtime,
  { config, weights }: Network<CellDiffConfig>,
  { tokens, height, width }: { readonly tokens: number; readonly height: number; readonly width: number },
): Promise<CellDiffStepper> {
  const names = crossAttentions(config);
  const keyValueTypes = Object.fromEntries(
    names.map(({ name, channels }) => [name, f32(1, tokens, channels)]),
  );
  const reader = await compile(
    runtime,
    (w, { ids }): Tensors => {
      const sequence = cellDiffSequence(w, config, ids);
      const keyValues = Object.entries(cellDiffKeyValues(w, config, sequence));
      return { sequence, ...Object.fromEntries(keyValues.map(([name, y]) => [`out.${name}`, y])) };
    },
    { ids: i64(1, tokens) },
    { weights },
  );
  const denoiser = await compile(
    runtime,
    (w, { sample, cell, timestep, sequence, ...keyValues }): Tensors => ({
      ...cellDiffDenoise(w, config, {
        ...{ sample: sample!, cell: cell!, timestep: timestep!, sequence: sequence!, keyValues },
      }),
    }),
    {
      sample: f32(1, config.latentChannels, height, width),
      cell: f32(1, config.numStains * config.latentChannels, height, width),
      timestep: f32(1),
      sequence: f32(1, tokens, config.hiddenSize),
      ...keyValueTypes,
    },
    { weights },
  );
  let cached: Record<string, NdArray> | undefined;
  return {
    async readSequence(ids) {
      const data = BigInt64Array.from(ids, BigInt);
      const read = (await reader.run({ ids: { dtype: "int64", shape: [1, ids.length], data } })) as Record<
        string,
        NdArray
      >;
      cached = Object.fromEntries(Object.entries(read).map(([name, y]) => [name.replace(/^out\./, ""), y]));
    },
    async step(sample, cell, timestep) {
      if (cached === undefined) throw new Error("cell-diff: read a sequence before the first step");
      const feeds = { sample, cell, timestep: float32([1], Float32Array.of(timestep)) };
      const outputs = (await denoiser.run(feeds as never, { cached } as never)) as Record<string, NdArray>;
      return {
        noise: outputs.noise!.data as Float32Array,
        sequenceLogits: outputs.sequenceLogits!.data as Float32Array,
      };
    },
    async close() {
      await reader.close();
      await denoiser.close();
    },
  };
}

/** How a picture is drawn. */
export interface CellDiffSampling {
  /** The sequence's tokens (`tokenizeCellDiff`). */
  readonly tokens: readonly number[];
  /** The output of `cellDiffCondition`. */
  readonly cell: NdArray;
  /** Standard normal latents to start from, [1, latentChannels, h, w]. */
  readonly noise: NdArray;
  /** Steps; "ddim100", as released, when absent. */
  readonly respacing?: Respacing;
  readonly signal?: AbortSignal;
  readonly onStep?: (done: number, total: number) => void;
}

/** Denoises latents of the protein's picture, [1, latentChannels, h, w]. @throws the signal's reason when it aborts. */
export async function sampleCellDiff(
  runtime: Runtime,
  network: Network<CellDiffConfig>,
  sampling: CellDiffSampling,
): Promise<NdArray> {
  const { tokens, noise } = sampling;
  const [, , height, width] = noise.shape as [number, number, number, number];
  const stepper = await openCellDiff(runtime, network, { tokens: tokens.length, height, width });
  try {
    await stepper.readSequence(tokens);
    return await denoiseCellDiff(stepper, sampling);
  } finally {
    await stepper.close();
  }
}

/** Denoises latents with a stepper that has read the sequence. @throws the signal's reason when it aborts. */
export async function denoiseCellDiff(
  stepper: CellDiffStepper,
  { cell, noise, respacing = "ddim100", signal, onStep }: Omit<CellDiffSampling, "tokens">,
): Promise<NdArray> {
  const schedule = cellDiffSchedule(respacing);
  const total = schedule.timesteps.length;
  let sample = noise.data as Float32Array;
  for (let index = total - 1; index >= 0; index -= 1) {
    signal?.throwIfAborted();
    const { noise: predicted } = await stepper.step(
      float32(noise.shape, sample),
      cell,
      schedule.timesteps[index]!,
    );
    sample = cellDiffDdimStep(schedule, { index, sample, noise: predicted });
    onStep?.(total - index, total);
  }
  return float32(noise.shape, sample);
}

/** How masked residues are drawn. */
export interface CellDiffSequenceSampling {
  /** Tokens with <mask> (31) where residues are wanted. */
  readonly tokens: readonly number[];
  readonly cell: NdArray;
  /** Latents of the protein's picture, without noise, [1, latentChannels, h, w]. */
  readonly protein: NdArray;
  /** Chooses one of the twenty residues, in the order of their ids, by its probability. */
  choose(probabilities: Float32Array, place: number): number;
  readonly signal?: AbortSignal;
  readonly onStep?: (done: number, total: number) => void;
}

/** Fills masked residues from left to right, each with all before it known, and returns the tokens. */
export async function sampleCellDiffSequence(
  runtime: Runtime,
  network: Network<CellDiffConfig>,
  sampling: CellDiffSequenceSampling,
): Promise<number[]> {
  const { tokens, protein } = sampling;
  const [, , height, width] = protein.shape as [number, number, number, number];
  const stepper = await openCellDiff(runtime, network, { tokens: tokens.length, height, width });
  try {
    return await fillCellDiffSequence(stepper, network.config, sampling);
  } finally {
    await stepper.close();
  }
}

/** Fills masked residues with a stepper. @throws the signal's reason when it aborts. */
export async function fillCellDiffSequence(
  stepper: CellDiffStepper,
  { vocabSize }: CellDiffConfig,
  { tokens, cell, protein, choose, signal, onStep }: CellDiffSequenceSampling,
): Promise<number[]> {
  const { begin, end } = standardResidueIds;
  const filled = [...tokens];
  const masked = [...tokens.keys()].filter((place) => tokens[place] === cellDiffMaskId);
  for (const [index, place] of masked.entries()) {
    signal?.throwIfAborted();
    await stepper.readSequence(filled);
    const { sequenceLogits } = await stepper.step(protein, cell, 0);
    const logits = sequenceLogits.subarray(place * vocabSize + begin, place * vocabSize + end);
    const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
    const weights = logits.map((logit) => Math.exp(logit - most));
    const sum = weights.reduce((a, b) => a + b, 0);
    filled[place] =
      begin +
      choose(
        weights.map((weight) => weight / sum),
        place,
      );
    onStep?.(index + 1, masked.length);
  }
  return filled;
}
