// The denoiser in sampling: classifier-free guidance (Ho & Salimans 2022, arXiv:2207.12598) in two programs. One prepares
// a protein, once; the other predicts null + guidance * (conditional - null) at each step. The keys and values of a
// sequence do not change over the steps, and the null half has no cross-attention to compute at all. The halves run
// side by side where a runtime can, each on half of its threads, and in one graph elsewhere.

import {
  add,
  compile,
  concat,
  f32,
  float32,
  i64,
  mean,
  mul,
  type NdArray,
  type Runtime,
  sub,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import {
  crossAttentionKeyValues,
  type KeyValues,
  keyValueTypes,
  type UnetConfig,
  unet,
} from "../unet/network.ts";

/** A compiled denoiser. */
export interface Denoiser {
  /** Shape of one sample's latents. */
  readonly latentShape: readonly [channels: number, height: number, width: number];
  /** Prepares a protein: its sequence [1, L, crossAttentionDim], without padding. */
  readonly prepare: (sequence: NdArray) => Promise<PreparedSequence>;
  /** Predicts the guided noise (or velocity, as trained) in latents of a prepared protein, [B, 4, H, W]. */
  readonly predict: (sequence: PreparedSequence, inputs: DenoiserInputs) => Promise<NdArray>;
  readonly close: () => Promise<void>;
}

/** A batch of latents at one timestep. */
export interface DenoiserInputs {
  /** Noisy latents, [B, 4, H, W]. */
  readonly latents: NdArray;
  /** Nuclear distances in units of their standard deviation, [B, 1, H, W]. */
  readonly distance: NdArray;
  /** Further stains as `stainCondition` gives them, [B, c, H, W]; where the denoiser has no channels for them, absent. */
  readonly stains?: NdArray;
  readonly timestep: number;
  /** Guidance scale: 1 is the conditional prediction, a larger one is further from the unconditional prediction. */
  readonly guidance: number;
}

/** Keys, values and the time condition of one protein. */
export type PreparedSequence = Readonly<Record<string, NdArray>>;

/** Weights and size of a denoiser. */
export interface DenoiserOptions {
  readonly weights: ReadonlyMap<string, NdArray>;
  /** Height of the latents; `sampleSize` when absent. */
  readonly height?: number;
  /** Width of the latents; `sampleSize` when absent. */
  readonly width?: number;
}

/** Compiles a denoiser for sampling, for any batch size and any number of residues. @throws WeightsError as `compile` does. */
export async function compileDenoiser(
  runtime: Runtime,
  config: UnetConfig,
  options: DenoiserOptions,
): Promise<Denoiser> {
  const { height = config.sampleSize, width = config.sampleSize } = options;
  const pair = await runtime.pair?.();
  const [prediction, preparation] = await Promise.all([
    // First, since it takes longest to load.
    pair === undefined
      ? predictInOneGraph(runtime, config, options)
      : predictSideBySide(pair, config, options),
    compile(
      runtime,
      (w, { sequence }) => ({
        timestepCond: mean(sequence, { axes: [1] }),
        ...crossAttentionKeyValues(w, config, sequence),
      }),
      { sequence: f32(1, "residues", config.crossAttentionDim) },
      options,
    ),
  ]);
  return {
    latentShape: [config.outChannels, height, width],
    prepare: (sequence) => preparation.run({ sequence }),
    predict: prediction.predict,
    close: async () => {
      await preparation.close();
      await prediction.close();
    },
  };
}

/** The inputs of both halves; `stains` is in a program's only where the denoiser has channels for them. */
function sampleTypes({ outChannels, inChannels, sampleSize }: UnetConfig, options: DenoiserOptions) {
  const { height = sampleSize, width = sampleSize } = options;
  const stains = inChannels - outChannels - 1;
  return {
    latents: f32("samples", outChannels, height, width),
    distance: f32("samples", 1, height, width),
    ...((stains > 0 && { stains: f32("samples", stains, height, width) }) as object),
    timestep: i64(1),
  };
}

/** The further inputs of the conditional half: a `PreparedSequence`. */
const sequenceTypes = (config: UnetConfig) => ({
  timestepCond: f32(1, config.crossAttentionDim),
  ...keyValueTypes(config, 1, "residues"),
});

type SampleTensors = Readonly<Record<"latents" | "distance" | "timestep", Tensor>> & {
  readonly stains?: Tensor | undefined;
};

/** What the U-Net sees at each place: latents, nuclear distance and further stains. */
export function denoiserSample({
  latents,
  distance,
  stains,
}: Pick<SampleTensors, "latents" | "distance" | "stains">): Tensor {
  return concat(stains === undefined ? [latents, distance] : [latents, distance, stains], 1);
}

function unconditionalNoise(w: Weights, config: UnetConfig, { timestep, ...places }: SampleTensors) {
  return unet(w, config, { sample: denoiserSample(places), timestep });
}

function conditionalNoise(
  w: Weights,
  config: UnetConfig,
  {
    latents,
    distance,
    stains,
    timestep,
    timestepCond,
    ...keyValues
  }: SampleTensors & { timestepCond: Tensor },
) {
  const sample = denoiserSample({ latents, distance, stains });
  return unet(w, config, { sample, timestep, timestepCond, keyValues: keyValues as KeyValues });
}

type Prediction = Pick<Denoiser, "predict" | "close">;

async function predictInOneGraph(
  runtime: Runtime,
  config: UnetConfig,
  options: DenoiserOptions,
): Promise<Prediction> {
  const program = await compile(
    runtime,
    (w, { guidance, ...inputs }) => {
      const conditional = conditionalNoise(w, config, inputs);
      const unconditional = unconditionalNoise(w, config, inputs);
      return { noise: add(unconditional, mul(guidance, sub(conditional, unconditional))) };
    },
    { ...sampleTypes(config, options), guidance: f32(), ...sequenceTypes(config) },
    options,
  );
  return {
    predict: async (prepared, { guidance, ...inputs }) => {
      const feeds = { ...feedsOf(inputs), guidance: float32([], Float32Array.of(guidance)) };
      return (await program.run(feeds, { cached: prepared as { timestepCond: NdArray } })).noise;
    },
    close: () => program.close(),
  };
}

async function predictSideBySide(
  [first, second]: readonly [Runtime, Runtime],
  config: UnetConfig,
  options: DenoiserOptions,
): Promise<Prediction> {
  const types = sampleTypes(config, options);
  const [conditional, unconditional] = await Promise.all([
    compile(
      first,
      (w, inputs) => ({ noise: conditionalNoise(w, config, inputs) }),
      { ...types, ...sequenceTypes(config) },
      options,
    ),
    compile(second, (w, inputs) => ({ noise: unconditionalNoise(w, config, inputs) }), types, options),
  ]);
  return {
    predict: async (prepared, { guidance, ...inputs }) => {
      const feeds = feedsOf(inputs);
      const predictions = await Promise.all([
        conditional.run(feeds, { cached: prepared as { timestepCond: NdArray } }),
        unconditional.run(feeds),
      ]);
      const [y, y0] = predictions.map(({ noise }) => noise.data as Float32Array) as [
        Float32Array,
        Float32Array,
      ];
      return float32(
        predictions[0].noise.shape,
        y0.map((value, i) => value + guidance * (y[i]! - value)),
      );
    },
    close: async () => {
      await conditional.close();
      await unconditional.close();
    },
  };
}

function feedsOf({ timestep, ...places }: Omit<DenoiserInputs, "guidance">) {
  const data = BigInt64Array.of(BigInt(timestep));
  return { ...places, timestep: { dtype: "int64", shape: [1], data } } as const;
}
