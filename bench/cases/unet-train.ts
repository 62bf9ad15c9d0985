// A whole training step of the paper-size denoiser on 8 crops and proteins of 512 residues, as `train diffusion` takes
// it: noise, forward, backward, clipping, AdamW. The moving average, which not every step needs, is left out.
import {
  bool,
  f32,
  i32,
  type NdArray,
  type RandomSource,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import { diffusionLoss, linearNoiseSchedule, type UnetConfig, unetDefaults } from "@proteoscope/models";
import type { BenchCase } from "../case.ts";
import { randomInput } from "../random-weights.ts";
import { prepareTraining } from "./training-step.ts";

const batchSize = 8;
const residues = 512;

export const unetTrain = unetTrainCase("unet.train.b8", { batchSize, residues, config: unetDefaults });

interface TrainOptions {
  readonly batchSize: number;
  readonly residues: number;
  readonly config: UnetConfig;
}

export function unetTrainCase(name: string, { batchSize, residues, config }: TrainOptions): BenchCase {
  const { outChannels, inChannels, crossAttentionDim, sampleSize: side } = config;
  const latentShape = [batchSize, outChannels, side, side] as const;
  const types = {
    latents: f32(...latentShape),
    distance: f32(batchSize, inChannels - outChannels, side, side),
    sequence: f32(batchSize, "tokens", crossAttentionDim),
    mask: bool(batchSize, "tokens"),
    isDropped: bool(batchSize),
    timestep: i32(batchSize),
  };
  const schedule = linearNoiseSchedule();
  const model = (
    w: Weights,
    inputs: { readonly [K in keyof typeof types]: Tensor },
    random: RandomSource,
  ) => {
    const noise = random.normal("noise", latentShape);
    return { losses: { diffusion: diffusionLoss(w, config, schedule, { ...inputs, noise }).loss } };
  };
  const isDropped = Uint8Array.from({ length: batchSize }, (_, i) => Number(i % 4 === 3));
  const timestep = Int32Array.from({ length: batchSize }, (_, i) => Math.floor((1000 * i) / batchSize));
  const batch: Record<keyof typeof types, NdArray> = {
    latents: randomInput("latents", ...latentShape),
    distance: randomInput("distance", batchSize, inChannels - outChannels, side, side),
    sequence: randomInput("sequence", batchSize, residues, crossAttentionDim),
    mask: {
      dtype: "bool",
      shape: [batchSize, residues],
      data: new Uint8Array(batchSize * residues).fill(1),
    },
    isDropped: { dtype: "bool", shape: [batchSize], data: isDropped },
    timestep: { dtype: "int32", shape: [batchSize], data: timestep },
  };
  return {
    name,
    title: `a training step of the denoiser at paper size, batch ${batchSize}, ${residues} residues, with its optimiser`,
    peer: { script: "unet", work: ["train", batchSize, residues] },
    items: batchSize,
    warmUpRuns: 3,
    prepare: (runtime) =>
      prepareTraining(runtime, model, types, {
        ...{ batch, sizes: { tokens: residues } },
        prefixes: { diffusion: "" },
      }),
  };
}
