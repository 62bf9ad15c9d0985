// The denoiser as sampling runs it, for the cases that need it: its two graphs, traced once more to count their
// operations, and random weights for them. A test holds the graphs to those that `compileDenoiser` loads.
import {
  add,
  concat,
  f32,
  i64,
  mean,
  mul,
  type NdArray,
  type Runtime,
  sub,
  type Trace,
  trace,
} from "@proteoscope/engine";
import {
  compileDenoiser,
  crossAttentionKeyValues,
  type Denoiser,
  keyValueTypes,
  type UnetConfig,
  unet,
  unetDefaults,
} from "@proteoscope/models";
import type { Prepared } from "../case.ts";
import { gflopOf } from "../operations.ts";
import { randomInput, randomWeights } from "../random-weights.ts";

/** The weight of the sequence, as in the product. */
export const guidance = 3;

/** What is computed once a protein and once a step. */
export interface DenoiserGraphs {
  readonly preparation: Trace;
  readonly step: Trace;
}

/** What a step is fed. */
export function stepTypes(config: UnetConfig) {
  const { outChannels, inChannels, crossAttentionDim, sampleSize: side } = config;
  return {
    latents: f32("samples", outChannels, side, side),
    distance: f32("samples", inChannels - outChannels, side, side),
    timestep: i64(1),
    guidance: f32(),
    timestepCond: f32(1, crossAttentionDim),
    ...keyValueTypes(config, 1, "residues"),
  };
}

export function denoiserGraphs(config: UnetConfig): DenoiserGraphs {
  return {
    preparation: trace(
      (w, { sequence }) => ({
        timestepCond: mean(sequence, { axes: [1] }),
        ...crossAttentionKeyValues(w, config, sequence),
      }),
      { sequence: f32(1, "residues", config.crossAttentionDim) },
    ),
    step: trace((w, { latents, distance, timestep, guidance, timestepCond, ...keyValues }) => {
      const sample = concat([latents, distance], 1);
      const conditional = unet(w, config, { sample, timestep, timestepCond, keyValues });
      const unconditional = unet(w, config, { sample, timestep });
      return { noise: add(unconditional, mul(guidance, sub(conditional, unconditional))) };
    }, stepTypes(config)),
  };
}

export interface GuidedSizes {
  readonly samples: number;
  readonly residues: number;
}

export interface GuidedDenoiser {
  readonly denoiser: Denoiser;
  readonly graphs: DenoiserGraphs;
  /** One step of a sampling run: some images of a protein, which is prepared here already. */
  prepareStep(sizes: GuidedSizes): Promise<Prepared>;
}

export function randomDenoiserWeights({ preparation, step }: DenoiserGraphs): Map<string, NdArray> {
  return randomWeights(new Map([...step.parameters, ...preparation.parameters]));
}

export function randomSample(config: UnetConfig, samples: number) {
  const { outChannels, inChannels, sampleSize: side } = config;
  return {
    latents: randomInput("latents", samples, outChannels, side, side),
    distance: randomInput("distance", samples, inChannels - outChannels, side, side),
  };
}

export function randomSequence(config: UnetConfig, residues: number): NdArray {
  return randomInput("sequence", 1, residues, config.crossAttentionDim);
}

/** Compiles the denoiser with random weights; the runtime closes it. */
export async function openGuidedDenoiser(
  runtime: Runtime,
  config: UnetConfig = unetDefaults,
): Promise<GuidedDenoiser> {
  const graphs = denoiserGraphs(config);
  const denoiser = await compileDenoiser(runtime, config, { weights: randomDenoiserWeights(graphs) });
  return {
    denoiser,
    graphs,
    async prepareStep({ samples, residues }) {
      const prepared = await denoiser.prepare(randomSequence(config, residues));
      const inputs = { ...randomSample(config, samples), timestep: 500, guidance };
      return {
        gflop: gflopOf(graphs.step, { residues, samples }),
        run: async () => void (await denoiser.predict(prepared, inputs)),
      };
    },
  };
}
