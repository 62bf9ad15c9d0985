// DDIM (Song et al. 2021, arXiv:2010.02502, equation 12): a step to fewer noise along the predicted direction, with
// `eta` times the noise of DDPM put back. At eta 0 the picture depends on the first noise alone.

import { leadingTimesteps, type NoiseSchedule, predictedNoise } from "../noise-schedule.ts";
import { posteriorVariance } from "./ddpm.ts";
import { requireNoise, type Sampler } from "./sampler.ts";

export interface DdimOptions {
  /** 0 = deterministic, 1 = as random as DDPM. */
  eta?: number;
}

export function createDdimSampler(
  schedule: NoiseSchedule,
  steps: number,
  { eta = 0 }: DdimOptions = {},
): Sampler {
  const timesteps = leadingTimesteps(schedule, steps);
  const stride = Math.floor(schedule.betas.length / steps);
  // Past the last timestep there is no noise left.
  const nextShare = (index: number) => schedule.alphasCumprod[timesteps[index]! - stride] ?? 1;
  const isRandom = (index: number) => eta > 0 && nextShare(index) < 1;
  return {
    timesteps,
    isRandom,
    step: ({ latents }, index, prediction, freshNoise) => {
      const noise = predictedNoise(schedule, latents, prediction, timesteps[index]!);
      const share = schedule.alphasCumprod[timesteps[index]!]!;
      const next = nextShare(index);
      const deviation = eta * Math.sqrt(posteriorVariance(share, next));
      const direction = Math.sqrt(1 - next - deviation ** 2);
      const fresh = isRandom(index) ? requireNoise(freshNoise, index) : undefined;
      const denoised = latents.map((x, i) => (x - Math.sqrt(1 - share) * noise[i]!) / Math.sqrt(share));
      return {
        denoised,
        latents: denoised.map((clean, i) => {
          const mean = Math.sqrt(next) * clean + direction * noise[i]!;
          return fresh === undefined ? mean : mean + deviation * fresh[i]!;
        }),
      };
    },
  };
}
