import {
  createGenerator,
  f32,
  float32,
  i64,
  initializeWeights,
  mean,
  type NdArray,
  type Runtime,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crossAttentionKeyValues, type UnetConfig, unet, unetDefaults } from "../unet/network.ts";
import { compileDenoiser } from "./guided-denoiser.ts";
import { sampleLatents } from "./sample.ts";
import { stainChannels, stainCondition, widenDenoiserInput } from "./stain-condition.ts";

const size = { latentChannels: 2, latentSide: 2, latentScale: 2 };

describe("the condition of further stains", () => {
  it("is the scaled latents of each stain and whether it is there, zeros where it is not", () => {
    const { shape, data } = stainCondition(
      [
        [new Float32Array(8).fill(4), undefined],
        [undefined, undefined],
      ],
      size,
    );
    expect(shape).toEqual([2, stainChannels(2, 2), 2, 2]);
    const values = [...(data as Float32Array)];
    expect(values.slice(0, 12)).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1]);
    expect(values.slice(12)).toEqual(new Array(36).fill(0));
  });

  it("refuses latents of another size", () => {
    expect(() => stainCondition([[new Float32Array(4)]], size)).toThrow(/4 latents where 8 fit/);
  });
});

const narrow: UnetConfig = {
  ...unetDefaults,
  downBlockTypes: ["CrossAttnDownBlock2D"],
  upBlockTypes: ["CrossAttnUpBlock2D"],
  blockOutChannels: [8],
  ...{ layersPerBlock: 1, crossAttentionDim: 6, timeCondProjDim: 6, attentionHeadDim: 2, normNumGroups: 4 },
};
const wide: UnetConfig = { ...narrow, inChannels: 5 + stainChannels(1, 4) };
const weights = initializeWeights(
  trace(
    (w, { sample, timestep, sequence }) => ({
      y: unet(w, narrow, {
        ...{ sample, timestep, keyValues: crossAttentionKeyValues(w, narrow, sequence) },
        timestepCond: mean(sequence, { axes: [1] }),
      }),
    }),
    { sample: f32(1, 5, 4, 4), timestep: i64(1), sequence: f32(1, 1, 6) },
  ).parameters,
  4,
);
const normal = (name: string, ...shape: number[]): NdArray =>
  float32(shape, createGenerator(1, name).normal(shape.reduce((a, b) => a * b, 1)));
const inputs = {
  ...{ latents: normal("latents", 2, 4, 4, 4), distance: normal("distance", 2, 1, 4, 4) },
  ...{ timestep: 700, guidance: 2 },
};

describe("a denoiser with further stains", () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openRuntime({ device: "cpu", threads: 1 });
  });
  afterAll(() => runtime.close());

  const predict = async (config: UnetConfig, given: ReadonlyMap<string, NdArray>, stains?: NdArray) => {
    const denoiser = await compileDenoiser(runtime, config, { weights: given, height: 4, width: 4 });
    const prepared = await denoiser.prepare(normal("sequence", 1, 3, 6));
    const { data } = await denoiser.predict(prepared, { ...inputs, ...(stains && { stains }) });
    await denoiser.close();
    return data as Float32Array;
  };
  const picture = stainCondition([[normal("a", 64).data as Float32Array], [undefined]], {
    ...{ latentChannels: 4, latentSide: 4, latentScale: 1 },
  });

  it("predicts as the narrower one whose weights it begins with, whatever the stains", async () => {
    const widened = widenDenoiserInput(weights, wide.inChannels);
    expect(widened.get("conv_in.weight")!.shape).toEqual([8, 10, 3, 3]);
    const before = await predict(narrow, weights);
    const after = await predict(wide, widened, picture);
    after.forEach((value, index) => void expect(value).toBeCloseTo(before[index]!, 5));
  });

  it("sees the stain of a sample where its weights are not zero, and nothing of one that is missing", async () => {
    const widened = new Map(widenDenoiserInput(weights, wide.inChannels));
    widened.set("conv_in.weight", normal("kernel", 8, 10, 3, 3));
    const none = float32(picture.shape, new Float32Array(picture.data.length));
    const [with_, without] = [await predict(wide, widened, picture), await predict(wide, widened, none)];
    const differs = (sample: number) =>
      with_.some((value, i) => Math.floor(i / 64) === sample && Math.abs(value - without[i]!) > 1e-3);
    expect([differs(0), differs(1)]).toEqual([true, false]);
  });

  it("leaves weights of the same width as they are", () => {
    expect(widenDenoiserInput(weights, 5)).toBe(weights);
  });

  it("refuses stains for another number of samples", async () => {
    const denoiser = await compileDenoiser(runtime, wide, {
      ...{ weights: widenDenoiserInput(weights, wide.inChannels), height: 4, width: 4 },
    });
    const sampling = sampleLatents(denoiser, normal("noise", 3, 4, 4, 4), {
      sampler: {
        timesteps: [1],
        isRandom: () => false,
        step: (state) => ({ ...state, denoised: state.latents }),
      },
      ...{ sequence: normal("sequence", 1, 3, 6), distance: normal("d", 1, 1, 4, 4), stains: picture },
    });
    await expect(sampling).rejects.toThrow(/stains must be float32 \[3, 5, 4, 4\]/);
    await denoiser.close();
  });
});
