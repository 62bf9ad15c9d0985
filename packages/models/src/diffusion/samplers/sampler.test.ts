// The samplers on data whose denoiser is known exactly: one point, and a Gaussian N(0, spread^2), for which
// E[noise | x_t] = sigma x_t / (a spread^2 + sigma^2) and the noise-free path ends at x_T spread / its deviation.
import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { linearNoiseSchedule } from "../noise-schedule.ts";
import { createDdimSampler } from "./ddim.ts";
import { createDdpmSampler } from "./ddpm.ts";
import { createDpmSolverSampler } from "./dpm-solver.ts";
import type { Sampler, SamplerState } from "./sampler.ts";

const schedule = linearNoiseSchedule();
const spread = 0.5;

type PredictNoise = (latents: Float32Array, share: number) => Float32Array;

const gaussian: PredictNoise = (latents, share) =>
  latents.map((x) => (Math.sqrt(1 - share) * x) / (share * spread ** 2 + 1 - share));

const onePoint: PredictNoise = (latents, share) =>
  latents.map((x) => (x - Math.sqrt(share) * 0.7) / Math.sqrt(1 - share));

function run(sampler: Sampler, first: Float32Array, predict: PredictNoise): Float32Array {
  let state: SamplerState = { latents: first };
  for (const [index, timestep] of sampler.timesteps.entries()) {
    const predicted = predict(state.latents, schedule.alphasCumprod[timestep]!);
    const fresh = sampler.isRandom(index)
      ? createGenerator(5, "fresh", index).normal(first.length)
      : undefined;
    state = sampler.step(state, index, predicted, fresh);
  }
  return state.latents;
}

/** How far the path of the Gaussian ends from where it should, for a start at 1. */
function pathError(sampler: Sampler): number {
  const share = schedule.alphasCumprod[sampler.timesteps[0]!]!;
  const exact = spread / Math.sqrt(share * spread ** 2 + 1 - share);
  return Math.abs(run(sampler, Float32Array.of(1), gaussian)[0]! - exact);
}

const makers: [string, (steps: number) => Sampler][] = [
  ["DDPM", (steps) => createDdpmSampler(schedule, steps)],
  ["DDIM", (steps) => createDdimSampler(schedule, steps)],
  ["DDIM with eta 1", (steps) => createDdimSampler(schedule, steps, { eta: 1 })],
  ["DPM-Solver++", (steps) => createDpmSolverSampler(schedule, steps)],
];

describe.each(makers)("%s", (_name, create) => {
  it("finds the one point that there is, in any number of steps", () => {
    for (const steps of [1, 2, 7, 50]) {
      const found = run(create(steps), Float32Array.of(3, -1, 0, 0.2), onePoint);
      for (const value of found) expect(value).toBeCloseTo(0.7, 4);
    }
  });

  it("leaves the state it was given as it was", () => {
    const sampler = create(4);
    const latents = Float32Array.of(1, 2);
    const denoised = Float32Array.of(0.1, 0.2);
    const fresh = Float32Array.of(1, 1);
    const next = sampler.step({ latents, denoised }, 1, Float32Array.of(0.5, 0.5), fresh);
    expect(next.latents).not.toBe(latents);
    expect([...latents, ...fresh]).toEqual([1, 2, 1, 1]);
    expect([...denoised]).toEqual([Math.fround(0.1), Math.fround(0.2)]);
  });

  it("refuses a number of steps that does not exist", () => {
    for (const steps of [0, 1.5, 1001]) expect(() => create(steps)).toThrow(RangeError);
  });
});

describe("DDPM", () => {
  it("draws the Gaussian's spread", () => {
    const values = run(createDdpmSampler(schedule, 100), createGenerator(1, "first").normal(8_000), gaussian);
    const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
    expect(Math.sqrt(variance)).toBeCloseTo(spread, 1);
    expect(Math.abs(values.reduce((sum, value) => sum + value, 0) / values.length)).toBeLessThan(0.03);
  });

  it("is DDIM with eta 1, step by step", () => {
    const [ddpm, ddim] = [createDdpmSampler(schedule, 10), createDdimSampler(schedule, 10, { eta: 1 })];
    const random = createGenerator(2, "values");
    for (let index = 0; index < 10; index++) {
      const inputs = [
        { latents: random.normal(8) },
        index,
        random.normal(8, 8),
        random.normal(8, 16),
      ] as const;
      const [a, b] = [ddpm.step(...inputs), ddim.step(...inputs)];
      for (const [i, value] of a.latents.entries()) expect(value).toBeCloseTo(b.latents[i]!, 4);
      expect(ddpm.isRandom(index)).toBe(ddim.isRandom(index));
    }
  });

  it("asks for random numbers at every step but the last, and says so when they are missing", () => {
    const sampler = createDdpmSampler(schedule, 3);
    expect([0, 1, 2].map(sampler.isRandom)).toEqual([true, true, false]);
    const values = Float32Array.of(1);
    expect(() => sampler.step({ latents: values }, 1, values)).toThrow("step 1 is random");
    expect(() => sampler.step({ latents: values }, 2, values)).not.toThrow();
  });
});

describe("the deterministic samplers", () => {
  it("need no random numbers", () => {
    for (const sampler of [createDdimSampler(schedule, 5), createDpmSolverSampler(schedule, 5)])
      expect(sampler.timesteps.some((_, index) => sampler.isRandom(index))).toBe(false);
  });

  it("DDIM comes nearer to the exact path in proportion to the steps", () => {
    const ratio = pathError(createDdimSampler(schedule, 50)) / pathError(createDdimSampler(schedule, 200));
    expect(ratio).toBeGreaterThan(3);
  });

  it("DPM-Solver++ follows the exact path better in 20 steps than DDIM in 50", () => {
    const solver = pathError(createDpmSolverSampler(schedule, 20));
    expect(solver).toBeLessThan(pathError(createDdimSampler(schedule, 50)));
  });
});
