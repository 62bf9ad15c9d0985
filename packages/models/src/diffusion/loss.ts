// Training the denoiser to predict noise (Ho et al. 2020, arXiv:2006.11239, equation 14) or velocity (Salimans & Ho 2022,
// arXiv:2202.00512), as the schedule says, with classifier-free guidance
// (Ho & Salimans 2022, arXiv:2207.12598): some samples are trained without their sequence. Which ones is an input, and the
// caller's batch stays as it was (the original overwrote it, so that its validation was partly unconditional).

import {
  add,
  constant,
  expandDims,
  gather,
  meanSquaredError,
  mul,
  or,
  select,
  sub,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import { maskedMean } from "../esm2/masked-mean.ts";
import { crossAttentionKeyValues, type UnetConfig, unet } from "../unet/network.ts";
import { denoiserSample } from "./guided-denoiser.ts";
import type { NoiseSchedule } from "./noise-schedule.ts";

/** A batch of latents with the proteins that they show. */
export interface DiffusionBatch {
  /** Clean latents in units of their standard deviation, [B, 4, H, W]. */
  latents: Tensor;
  /** Nuclear distance in units of its standard deviation, [B, 1, H, W]. */
  distance: Tensor;
  /** Further stains as `stainCondition` gives them, [B, c, H, W], for a denoiser with channels for them. */
  stains?: Tensor | undefined;
  /** Residue embeddings, [B, L, D]. */
  sequence: Tensor;
  /** bool [B, L], true at residues. */
  mask: Tensor;
  /** bool [B], true where the sample is trained without its sequence. */
  isDropped: Tensor;
  /** Timesteps, int [B]. */
  timestep: Tensor;
  /** Standard normal numbers, [B, 4, H, W]. */
  noise: Tensor;
}

/** The loss of a batch, and what the denoiser saw and predicted. */
export interface DiffusionLoss {
  /** Mean squared error of the prediction, a scalar. */
  loss: Tensor;
  /** Predicted noise or velocity, [B, 4, H, W]. */
  prediction: Tensor;
  /** Latents with noise, [B, 4, H, W]. */
  noisy: Tensor;
}

/** The loss of a batch; the schedule says whether noise or velocity is predicted. */
export function diffusionLoss(
  w: Weights,
  config: UnetConfig,
  schedule: NoiseSchedule,
  batch: DiffusionBatch,
): DiffusionLoss {
  const { latents, noise, timestep, distance, stains } = batch;
  const signal = tableAt(schedule.alphasCumprod.map(Math.sqrt), timestep);
  const sigma = tableAt(
    schedule.alphasCumprod.map((alphaBar) => Math.sqrt(1 - alphaBar)),
    timestep,
  );
  const noisy = add(mul(signal, latents), mul(sigma, noise));
  const { sequence, mask } = dropSequences(batch);
  const prediction = unet(w, config, {
    sample: denoiserSample({ latents: noisy, distance, stains }),
    timestep,
    timestepCond: maskedMean(sequence, mask),
    keyValues: crossAttentionKeyValues(w, config, sequence),
    mask,
  });
  const velocity = sub(mul(signal, noise), mul(sigma, latents));
  const target = schedule.predictionType === "epsilon" ? noise : velocity;
  return { loss: meanSquaredError(prediction, target), prediction, noisy };
}

/** The null condition of dropped samples: a sequence of zeros without padding, whose mean is zero too. */
function dropSequences({ sequence, mask, isDropped }: DiffusionBatch): { sequence: Tensor; mask: Tensor } {
  return {
    sequence: select(expandDims(isDropped, 1, 2), 0, sequence),
    mask: or(mask, expandDims(isDropped, 1)),
  };
}

/** The values of a table at timesteps [B], as [B, 1, 1, 1]. */
function tableAt(table: Float32Array, timestep: Tensor): Tensor {
  return expandDims(
    gather(constant({ dtype: "float32", shape: [table.length], data: table }), timestep),
    1,
    2,
    3,
  );
}
