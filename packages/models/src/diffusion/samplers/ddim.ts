// DDIM (Song et al. 2021, arXiv:2010.02502, equation 12): a step to less noise along the predicted direction, to which
// `eta` times the noise of DDPM is added. At eta 0 the result depends on the first noise alone.

import { leadingTimesteps, type NoiseSchedule, predictedNoise } from "../noise-schedule.ts";
import { posteriorVariance } from "./ddpm.ts";
import { requireNoise, type Sampler } from "./sampler.ts";

/** The randomness of DDIM. */
export interface DdimOptions {
  /** Fraction of DDPM's noise: 0 when absent, which is deterministic; 1 is as random as DDPM. */
  eta?: number;
}

/** DDIM with "leading" timesteps. @throws RangeError for a number of steps that the schedule does not have. */
export function createDdimSampler(
  schedule: NoiseSchedule,
  steps: number,
  { eta = 0 }: DdimOptions = {},
): Sampler {
  const timesteps = leadingTimesteps(schedule, steps);
  const stride = Math.floor(schedule.betas.length / steps);
  // Past the last timestep there is no noise left.
  const nextAlphaBar = (index: number) => schedule.alphasCumprod[timesteps[index]! - stride] ?? 1;
  const isRandom = (index: number) => eta > 0 && nextAlphaBar(index) < 1;
  return {
    timesteps,
    isRandom,
    step: ({ latents }, index, prediction, freshNoise) => {
      const noise = predictedNoise(schedule, latents, prediction, timesteps[index]!);
      const alphaBar = schedule.alphasCumprod[timesteps[index]!]!;
      const next = nextAlphaBar(index);
      const deviation = eta * Math.sqrt(posteriorVariance(alphaBar, next));
      const direction = Math.sqrt(1 - next - deviation ** 2);
      const fresh = isRandom(index) ? requireNoise(freshNoise, index) : undefined;
      const denoised = latents.map((x, i) => (x - Math.sqrt(1 - alphaBar) * noise[i]!) / Math.sqrt(alphaBar));
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
