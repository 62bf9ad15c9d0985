// DDPM's ancestral sampler (Ho et al. 2020, arXiv:2006.11239, algorithm 2), also over fewer steps than were trained.
// Equations 6 and 7 give the mean and the variance of x_{t-1} given x_t and x_0; "fixed small" variance, no clipping.

import { leadingTimesteps, type NoiseSchedule, predictedNoise } from "../noise-schedule.ts";
import { requireNoise, type Sampler } from "./sampler.ts";

/** DDPM with "leading" timesteps. @throws RangeError for a number of steps that the schedule does not have. */
export function createDdpmSampler(schedule: NoiseSchedule, steps: number): Sampler {
  const timesteps = leadingTimesteps(schedule, steps);
  const stride = Math.floor(schedule.betas.length / steps);
  // Past the last timestep there is no noise left.
  const nextAlphaBar = (index: number) => schedule.alphasCumprod[timesteps[index]! - stride] ?? 1;
  const isRandom = (index: number) => timesteps[index]! > 0;
  return {
    timesteps,
    isRandom,
    step: ({ latents }, index, prediction, freshNoise) => {
      const noise = predictedNoise(schedule, latents, prediction, timesteps[index]!);
      const alphaBar = schedule.alphasCumprod[timesteps[index]!]!;
      const next = nextAlphaBar(index);
      const beta = 1 - alphaBar / next;
      const cleanWeight = (Math.sqrt(next) * beta) / (1 - alphaBar);
      const latentWeight = (Math.sqrt(1 - beta) * (1 - next)) / (1 - alphaBar);
      const deviation = Math.sqrt(Math.max(posteriorVariance(alphaBar, next), 1e-20));
      const fresh = isRandom(index) ? requireNoise(freshNoise, index) : undefined;
      const denoised = latents.map((x, i) => (x - Math.sqrt(1 - alphaBar) * noise[i]!) / Math.sqrt(alphaBar));
      return {
        denoised,
        latents: latents.map((x, i) => {
          const mean = cleanWeight * denoised[i]! + latentWeight * x;
          return fresh === undefined ? mean : mean + deviation * fresh[i]!;
        }),
      };
    },
  };
}

/** Variance of the next latents given these and the clean ones (equation 7), from alpha bar at both timesteps. */
export function posteriorVariance(alphaBar: number, next: number): number {
  return ((1 - next) / (1 - alphaBar)) * (1 - alphaBar / next);
}
