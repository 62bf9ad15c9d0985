// DPM-Solver++ (2M): a second-order multistep solver that needs 15 to 20 steps where DDIM needs 50
// (Lu et al. 2022, arXiv:2211.01095, algorithm 2). As diffusers' DPMSolverMultistepScheduler with algorithm
// "dpmsolver++", "midpoint", "leading" spacing and a last step to no noise at all, which is of first order.

import { checkSteps, type NoiseSchedule, predictedNoise } from "../noise-schedule.ts";
import type { Sampler } from "./sampler.ts";

/** DPM-Solver++ (2M). @throws RangeError for a number of steps that the schedule does not have. */
export function createDpmSolverSampler(schedule: NoiseSchedule, steps: number): Sampler {
  const timesteps = solverTimesteps(schedule, steps);
  const levels = [...timesteps.map((t) => noiseLevel(schedule.alphasCumprod[t]!)), noiseLevel(1)];
  return {
    timesteps,
    isRandom: () => false,
    step: ({ latents, denoised: previous }, index, prediction) => {
      const noise = predictedNoise(schedule, latents, prediction, timesteps[index]!);
      const here = levels[index]!;
      const next = levels[index + 1]!;
      const denoised = latents.map((x, i) => (x - here.sigma * noise[i]!) / here.signal);
      const width = next.logRatio - here.logRatio;
      const keep = next.sigma / here.sigma;
      const gain = -next.signal * Math.expm1(-width);
      const before = levels[index - 1];
      const isFirstOrder = before === undefined || previous === undefined || index === timesteps.length - 1;
      const slope = isFirstOrder ? 0 : width / (2 * (here.logRatio - before.logRatio));
      return {
        denoised,
        latents: latents.map((x, i) => {
          const clean = denoised[i]!;
          return keep * x + gain * (slope === 0 ? clean : clean + slope * (clean - previous![i]!));
        }),
      };
    },
  };
}

/** Signal and noise amplitudes at a timestep, and half the logarithm of their power ratio ("lambda" in the paper). */
function noiseLevel(alphaBar: number): { signal: number; sigma: number; logRatio: number } {
  const signal = Math.sqrt(alphaBar);
  const sigma = Math.sqrt(1 - alphaBar);
  return { signal, sigma, logRatio: Math.log(signal / sigma) };
}

/** Multiples of floor(count / (steps + 1)) without 0: the clean end is a level of its own here. */
function solverTimesteps({ betas }: NoiseSchedule, steps: number): number[] {
  checkSteps(steps, betas.length - 1);
  const stride = Math.floor(betas.length / (steps + 1));
  return Array.from({ length: steps }, (_, index) => (steps - index) * stride);
}
