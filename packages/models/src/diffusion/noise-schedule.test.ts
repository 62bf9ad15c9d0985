import { describe, expect, it } from "vitest";
import {
  addNoise,
  leadingTimesteps,
  linearNoiseSchedule,
  noiseScheduleDefaults,
  predictedNoise,
  velocity,
} from "./noise-schedule.ts";

const schedule = linearNoiseSchedule();

describe("the linear schedule", () => {
  it("goes from hardly any noise to hardly any signal", () => {
    expect(schedule.betas[0]).toBe(Math.fround(1e-4));
    expect(schedule.betas[999]).toBe(Math.fround(0.02));
    expect(schedule.alphasCumprod[0]).toBe(Math.fround(1 - Math.fround(1e-4)));
    expect(schedule.alphasCumprod[999]).toBeCloseTo(4.036e-5, 8);
    for (let t = 1; t < 1000; t++)
      expect(schedule.alphasCumprod[t]).toBeLessThan(schedule.alphasCumprod[t - 1]!);
  });

  it("takes another length and other ends", () => {
    const short = linearNoiseSchedule({
      ...noiseScheduleDefaults,
      numTrainTimesteps: 3,
      betaStart: 0.25,
      betaEnd: 0.75,
    });
    expect([...short.betas]).toEqual([0.25, 0.5, 0.75]);
    expect([...short.alphasCumprod]).toEqual([0.75, 0.375, 0.09375]);
  });
});

describe("leadingTimesteps", () => {
  it("ends at 0 with even gaps, whether or not the steps divide the schedule", () => {
    expect(leadingTimesteps(schedule, 4)).toEqual([750, 500, 250, 0]);
    expect(leadingTimesteps(schedule, 3)).toEqual([666, 333, 0]);
    expect(leadingTimesteps(schedule, 1)).toEqual([0]);
  });

  it("refuses a number of steps that does not exist", () => {
    for (const steps of [0, -1, 2.5, 1001, Number.NaN])
      expect(() => leadingTimesteps(schedule, steps)).toThrow(`from 1 to 1000, got ${steps}`);
  });
});

describe("addNoise and velocity", () => {
  const clean = Float32Array.of(1, -2, 0.5, 3);
  const noise = Float32Array.of(0.3, 1, -1, 2);
  const timesteps = [10, 900];

  it("mix each sample at its own timestep, and leave the inputs as they were", () => {
    const noisy = addNoise(schedule, clean, noise, timesteps);
    const share = [schedule.alphasCumprod[10]!, schedule.alphasCumprod[900]!] as const;
    expect(noisy[1]).toBeCloseTo(Math.sqrt(share[0]) * -2 + Math.sqrt(1 - share[0]), 6);
    expect(noisy[2]).toBeCloseTo(Math.sqrt(share[1]) * 0.5 - Math.sqrt(1 - share[1]), 6);
    expect([...clean]).toEqual([1, -2, 0.5, 3]);
  });

  it("are two views of one pair: the clean latents come back from both", () => {
    const noisy = addNoise(schedule, clean, noise, timesteps);
    const speed = velocity(schedule, clean, noise, timesteps);
    clean.forEach((value, i) => {
      const share = schedule.alphasCumprod[timesteps[i >> 1]!]!;
      expect(Math.sqrt(share) * noisy[i]! - Math.sqrt(1 - share) * speed[i]!).toBeCloseTo(value, 5);
    });
  });

  it("refuse values that do not divide among the timesteps", () => {
    expect(() => addNoise(schedule, clean, noise, [1, 2, 3])).toThrow("do not fit 3 timesteps");
    expect(() => addNoise(schedule, clean, noise.slice(1), [1, 2])).toThrow("4 latent values and 3 of noise");
  });
});

describe("predictedNoise", () => {
  const latents = Float32Array.of(0.5, -1, 2);
  const noise = Float32Array.of(-0.25, 1.5, 0.75);

  it("is what a denoiser of noise answers", () => {
    expect(predictedNoise(schedule, latents, noise, 10)).toBe(noise);
  });

  it("is the noise that makes the velocity, whatever the timestep", () => {
    const ofVelocity = linearNoiseSchedule({ ...noiseScheduleDefaults, predictionType: "v_prediction" });
    for (const t of [0, 300, 999]) {
      const noisy = addNoise(schedule, latents, noise, [t]);
      const found = predictedNoise(ofVelocity, noisy, velocity(schedule, latents, noise, [t]), t);
      for (const [i, value] of noise.entries()) expect(found[i]).toBeCloseTo(value, 5);
    }
  });
});
