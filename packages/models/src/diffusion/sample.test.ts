import { float32, type NdArray } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import type { Denoiser, DenoiserInputs } from "./guided-denoiser.ts";
import { linearNoiseSchedule } from "./noise-schedule.ts";
import { type SampleOptions, type SamplingProgress, sampleLatents } from "./sample.ts";
import { createDdimSampler } from "./samplers/ddim.ts";
import { createDdpmSampler } from "./samplers/ddpm.ts";

const schedule = linearNoiseSchedule();
const sequence = float32([1, 1, 1], Float32Array.of(0.25));
const noise = float32([5, 1, 1, 2], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
const distance = float32(
  [5, 1, 1, 2],
  Float32Array.from({ length: 10 }, (_, i) => i / 10),
);

/** A denoiser without a network, which records what it was asked: noise = a tenth of all it is given. */
function fakeDenoiser(): Denoiser & { asked: DenoiserInputs[]; prepared: NdArray[] } {
  const asked: DenoiserInputs[] = [];
  const prepared: NdArray[] = [];
  return {
    asked,
    prepared,
    latentShape: [1, 1, 2],
    prepare: async (embeddings) => {
      prepared.push(embeddings);
      return { embeddings };
    },
    predict: async (condition, inputs) => {
      asked.push(inputs);
      const offset = Number(condition.embeddings!.data[0]) * inputs.guidance;
      const values = (inputs.latents.data as Float32Array).map(
        (x, i) => (x + Number(inputs.distance.data[i]) + offset) / 10,
      );
      return float32(inputs.latents.shape, values);
    },
    close: async () => {},
  };
}

const options = (changes: Partial<SampleOptions> = {}): SampleOptions => ({
  sampler: createDdimSampler(schedule, 4),
  sequence,
  distance,
  ...changes,
});

describe("sampleLatents", () => {
  it("takes the sampler's steps with the denoiser's answers", async () => {
    const denoiser = fakeDenoiser();
    const one = float32([1, 1, 1, 2], Float32Array.of(1, 2));
    const nucleus = float32([1, 1, 1, 2], Float32Array.of(0, 0.1));
    const result = await sampleLatents(denoiser, one, options({ distance: nucleus, guidance: 2 }));
    const { sampler } = options();
    let latents = Float32Array.of(1, 2);
    sampler.timesteps.forEach((_, index) => {
      latents = Float32Array.from(
        sampler.step(
          { latents },
          index,
          latents.map((x, i) => (x + i / 10 + 0.5) / 10),
        ).latents,
      );
    });
    expect(result.shape).toEqual([1, 1, 1, 2]);
    for (const [i, value] of latents.entries()) expect(result.data[i]).toBeCloseTo(value, 5);
    expect(denoiser.asked.map(({ timestep }) => timestep)).toEqual([750, 500, 250, 0]);
  });

  it("prepares the sequence once, and gives the same samples in batches of any size", async () => {
    const whole = await sampleLatents(fakeDenoiser(), noise, options({ batchSize: 5 }));
    for (const batchSize of [1, 2, 7]) {
      const denoiser = fakeDenoiser();
      expect(await sampleLatents(denoiser, noise, options({ batchSize }))).toEqual(whole);
      expect(denoiser.prepared).toHaveLength(1);
      expect(Math.max(...denoiser.asked.map(({ latents }) => latents.shape[0]!))).toBe(
        Math.min(batchSize, 5),
      );
    }
  });

  it("shares one nucleus between all samples", async () => {
    const nucleus = float32([1, 1, 1, 2], Float32Array.of(0.5, 0.6));
    const copies = float32(
      [5, 1, 1, 2],
      Float32Array.from({ length: 10 }, (_, i) => nucleus.data[i % 2] as number),
    );
    const shared = await sampleLatents(fakeDenoiser(), noise, options({ distance: nucleus, batchSize: 2 }));
    expect(shared).toEqual(await sampleLatents(fakeDenoiser(), noise, options({ distance: copies })));
  });

  it("asks for a sample's fresh noise by its number and step, so that batches do not change it", async () => {
    const draw = async (batchSize: number) => {
      const asked: string[] = [];
      const freshNoise = (sample: number, step: number, length: number) => {
        asked.push(`${sample}.${step}`);
        return new Float32Array(length).fill(Math.sin(sample + 10 * step));
      };
      const sampler = createDdpmSampler(schedule, 3);
      const latents = await sampleLatents(fakeDenoiser(), noise, options({ sampler, batchSize, freshNoise }));
      return { latents, asked: asked.sort() };
    };
    const whole = await draw(5);
    expect(whole.asked).toEqual(["0.0", "0.1", "1.0", "1.1", "2.0", "2.1", "3.0", "3.1", "4.0", "4.1"]);
    expect(await draw(2)).toEqual(whole);
    const silent = sampleLatents(fakeDenoiser(), noise, options({ sampler: createDdpmSampler(schedule, 3) }));
    await expect(silent).rejects.toThrow("give `freshNoise`");
  });

  it("reports every step of every batch, the last one with the result", async () => {
    const steps: SamplingProgress[] = [];
    const result = await sampleLatents(
      fakeDenoiser(),
      noise,
      options({ batchSize: 3, onStep: (step) => steps.push(step) }),
    );
    expect(steps.map(({ done, total }) => `${done}/${total}`)).toEqual(
      Array.from({ length: 8 }, (_, i) => `${i + 1}/8`),
    );
    expect(steps.map(({ firstSample }) => firstSample)).toEqual([0, 0, 0, 0, 3, 3, 3, 3]);
    expect(steps[7]!.latents).toEqual(float32([2, 1, 1, 2], (result.data as Float32Array).slice(6)));
    expect(steps[7]!.denoised).toEqual(steps[7]!.latents);
    expect(steps[0]!.denoised).not.toEqual(steps[0]!.latents);
  });

  it("stops before the next step when the signal says so", async () => {
    const controller = new AbortController();
    const denoiser = fakeDenoiser();
    const onStep = ({ done }: SamplingProgress) => {
      if (done === 2) controller.abort(new Error("enough"));
    };
    await expect(
      sampleLatents(denoiser, noise, options({ onStep, signal: controller.signal })),
    ).rejects.toThrow("enough");
    expect(denoiser.asked).toHaveLength(2);
    const before = fakeDenoiser();
    await expect(sampleLatents(before, noise, options({ signal: controller.signal }))).rejects.toThrow(
      "enough",
    );
    expect(before.prepared).toHaveLength(0);
  });

  it("leaves the noise as it was, and none of it makes no samples", async () => {
    const copy = structuredClone(noise);
    await sampleLatents(fakeDenoiser(), noise, options());
    expect(noise).toEqual(copy);
    const empty = await sampleLatents(
      fakeDenoiser(),
      float32([0, 1, 1, 2], new Float32Array()),
      options({ distance: float32([1, 1, 1, 2], new Float32Array(2)) }),
    );
    expect(empty.shape).toEqual([0, 1, 1, 2]);
  });

  it("refuses shapes that do not fit, naming both", async () => {
    const wide = float32([5, 1, 2, 1], new Float32Array(10));
    await expect(sampleLatents(fakeDenoiser(), wide, options())).rejects.toThrow(
      "noise must be float32 [5, 1, 1, 2], got float32 [5, 1, 2, 1]",
    );
    const few = float32([3, 1, 1, 2], new Float32Array(6));
    await expect(sampleLatents(fakeDenoiser(), noise, options({ distance: few }))).rejects.toThrow(
      "distance must be float32 [5, 1, 1, 2], got float32 [3, 1, 1, 2]",
    );
    await expect(sampleLatents(fakeDenoiser(), noise, options({ batchSize: 0 }))).rejects.toThrow(
      "batchSize",
    );
  });
});
