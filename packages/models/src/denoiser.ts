// The denoiser as sampling runs it: classifier-free guidance (Ho & Salimans 2022, arXiv:2207.12598) in two programs. One
// prepares a protein, once; the other answers each step with null + guidance * (conditional - null). What the sequence
// gives cross-attention does not change over the steps, and the null half has no cross-attention to compute at all.
// Both halves are one graph but two batches: one batch of twice the size takes the same time and more code.

import {
  add,
  compile,
  concat,
  f32,
  i64,
  mean,
  mul,
  type NdArray,
  type Runtime,
  sub,
} from "@proteoscope/engine";
import { crossAttentionKeyValues, keyValueTypes, type UnetConfig, unet } from "./unet.ts";

export interface Denoiser {
  /** Shape of one sample's latents. */
  readonly latentShape: readonly [channels: number, height: number, width: number];
  /** Prepares a protein: embeddings of its residues [1, L, crossAttentionDim], without padding. */
  readonly prepare: (sequence: NdArray) => Promise<PreparedSequence>;
  /** Guided noise (or velocity, as trained) in latents [B, 4, H, W] of a prepared protein beside nuclear distances [B, 1, H, W]. */
  readonly predict: (sequence: PreparedSequence, inputs: DenoiserInputs) => Promise<NdArray>;
  readonly close: () => Promise<void>;
}

export interface DenoiserInputs {
  readonly latents: NdArray;
  readonly distance: NdArray;
  readonly timestep: number;
  /** 1 = the conditional answer, more = further from the answer without a sequence. */
  readonly guidance: number;
}

/** Keys, values and the time condition of one protein. */
export type PreparedSequence = Readonly<Record<string, NdArray>>;

export interface DenoiserOptions {
  readonly weights: ReadonlyMap<string, NdArray>;
  /** Side lengths of the latents; `sampleSize` when absent. */
  readonly height?: number;
  readonly width?: number;
}

/** Compiles both programs; any batch size and any number of residues will do. */
export async function compileDenoiser(
  runtime: Runtime,
  config: UnetConfig,
  { weights, height = config.sampleSize, width = config.sampleSize }: DenoiserOptions,
): Promise<Denoiser> {
  const { outChannels, inChannels, crossAttentionDim } = config;
  const preparation = await compile(
    runtime,
    (w, { sequence }) => ({
      timestepCond: mean(sequence, { axes: [1] }),
      ...crossAttentionKeyValues(w, config, sequence),
    }),
    { sequence: f32(1, "residues", crossAttentionDim) },
    { weights },
  );
  const prediction = await compile(
    runtime,
    (w, { latents, distance, timestep, guidance, timestepCond, ...keyValues }) => {
      const sample = concat([latents, distance], 1);
      const conditional = unet(w, config, { sample, timestep, timestepCond, keyValues });
      const unconditional = unet(w, config, { sample, timestep });
      return { noise: add(unconditional, mul(guidance, sub(conditional, unconditional))) };
    },
    {
      latents: f32("samples", outChannels, height, width),
      distance: f32("samples", inChannels - outChannels, height, width),
      timestep: i64(1),
      guidance: f32(),
      timestepCond: f32(1, crossAttentionDim),
      ...keyValueTypes(config, 1, "residues"),
    },
    { weights },
  );
  return {
    latentShape: [outChannels, height, width],
    prepare: (sequence) => preparation.run({ sequence }),
    predict: async (prepared, { latents, distance, timestep, guidance }) => {
      const { noise } = await prediction.run({
        ...(prepared as { timestepCond: NdArray }),
        latents,
        distance,
        timestep: { dtype: "int64", shape: [1], data: BigInt64Array.of(BigInt(timestep)) },
        guidance: { dtype: "float32", shape: [], data: Float32Array.of(guidance) },
      });
      return noise;
    },
    close: async () => {
      await preparation.close();
      await prediction.close();
    },
  };
}
