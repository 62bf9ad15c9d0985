import {
  bool,
  compile,
  createGenerator,
  f32,
  float32,
  grad,
  i64,
  initializeWeights,
  type NdArray,
  type Program,
  type Runtime,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type UnetConfig, unetDefaults } from "../unet/network.ts";
import { diffusionLoss } from "./loss.ts";
import { addNoise, linearNoiseSchedule, noiseScheduleDefaults, velocity } from "./noise-schedule.ts";

const config: UnetConfig = {
  ...unetDefaults,
  downBlockTypes: ["CrossAttnDownBlock2D"],
  upBlockTypes: ["CrossAttnUpBlock2D"],
  blockOutChannels: [8],
  layersPerBlock: 1,
  crossAttentionDim: 6,
  timeCondProjDim: 6,
  attentionHeadDim: 2,
  normNumGroups: 4,
};
const schedule = linearNoiseSchedule();
const types = {
  latents: f32(2, 4, 4, 4),
  distance: f32(2, 1, 4, 4),
  sequence: f32(2, "residues", 6),
  mask: bool(2, "residues"),
  isDropped: bool(2),
  timestep: i64(2),
  noise: f32(2, 4, 4, 4),
};

const normal = (name: string, ...shape: number[]): NdArray =>
  float32(shape, createGenerator(1, name).normal(shape.reduce((a, b) => a * b, 1)));
const marks = (shape: number[], ...values: number[]): NdArray => ({
  dtype: "bool",
  shape,
  data: Uint8Array.from(values),
});

const batch = {
  latents: normal("latents", 2, 4, 4, 4),
  distance: normal("distance", 2, 1, 4, 4),
  sequence: normal("sequence", 2, 3, 6),
  mask: marks([2, 3], 1, 1, 0, 1, 1, 1),
  isDropped: marks([2], 0, 0),
  timestep: { dtype: "int64", shape: [2], data: BigInt64Array.of(20n, 800n) } as const,
  noise: normal("noise", 2, 4, 4, 4),
};

let runtime: Runtime;
let program: Program<keyof typeof types, "loss" | "prediction" | "noisy">;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu" });
  const model = (w: Parameters<typeof diffusionLoss>[0], inputs: Parameters<typeof diffusionLoss>[3]) => ({
    ...diffusionLoss(w, config, schedule, inputs),
  });
  const weights = initializeWeights(trace(model, types).parameters, 9);
  program = await compile(runtime, model, types, { weights });
});
afterAll(() => runtime.close());

const half = ({ data }: NdArray, n: 0 | 1) =>
  [...(data as Float32Array)].slice((n * data.length) / 2, ((n + 1) * data.length) / 2);

describe("diffusionLoss", () => {
  it("is the mean squared error of the noise that it predicts in noisy latents", async () => {
    const { loss, prediction, noisy } = await program.run(batch);
    const [latents, noise] = [batch.latents.data, batch.noise.data] as [Float32Array, Float32Array];
    const expected = addNoise(schedule, latents, noise, [20, 800]);
    for (const [i, value] of expected.entries()) expect(noisy.data[i]).toBeCloseTo(value, 5);
    const errors = noise.map((value, i) => (value - Number(prediction.data[i])) ** 2);
    expect(loss.data[0]).toBeCloseTo(errors.reduce((a, b) => a + b) / errors.length, 5);
  });

  it("is the error of the velocity where the schedule says so", async () => {
    const ofVelocity = linearNoiseSchedule({ ...noiseScheduleDefaults, predictionType: "v_prediction" });
    const model = (w: Parameters<typeof diffusionLoss>[0], inputs: Parameters<typeof diffusionLoss>[3]) => ({
      ...diffusionLoss(w, config, ofVelocity, inputs),
    });
    const weights = initializeWeights(trace(model, types).parameters, 9);
    const { loss, prediction } = await (await compile(runtime, model, types, { weights })).run(batch);
    const [latents, noise] = [batch.latents.data, batch.noise.data] as [Float32Array, Float32Array];
    const target = velocity(schedule, latents, noise, [20, 800]);
    const errors = target.map((value, i) => (value - Number(prediction.data[i])) ** 2);
    expect(loss.data[0]).toBeCloseTo(errors.reduce((a, b) => a + b) / errors.length, 5);
  });

  it("gives a dropped sample the null condition, whatever its sequence and mask, and the other its own", async () => {
    const dropped = { ...batch, isDropped: marks([2], 0, 1) };
    const first = await program.run(dropped);
    const other = await program.run({
      ...dropped,
      sequence: normal("another sequence", 2, 3, 6),
      mask: marks([2, 3], 1, 1, 0, 1, 0, 0),
    });
    expect(half(other.prediction, 1)).toEqual(half(first.prediction, 1));
    expect(half(other.prediction, 0)).not.toEqual(half(first.prediction, 0));
    const whole = await program.run(batch);
    expect(half(whole.prediction, 1)).not.toEqual(half(first.prediction, 1));
    expect(half(whole.prediction, 0)).toEqual(half(first.prediction, 0));
  });

  it("leaves the caller's batch as it was", async () => {
    const copy = structuredClone(batch);
    await program.run({ ...batch, isDropped: marks([2], 1, 1) });
    expect(batch).toEqual(copy);
  });

  it("passes no gradient to the sequence of a dropped sample", async () => {
    const model = (w: Parameters<typeof diffusionLoss>[0], inputs: Parameters<typeof diffusionLoss>[3]) => {
      const { loss } = diffusionLoss(w, config, schedule, inputs);
      return { gradient: grad(loss, [inputs.sequence])[0]! };
    };
    const fixed = { ...types, sequence: f32(2, 3, 6), mask: bool(2, 3) };
    const weights = initializeWeights(trace(model, fixed).parameters, 9);
    const gradients = await compile(runtime, model, fixed, { weights });
    const { gradient } = await gradients.run({ ...batch, isDropped: marks([2], 0, 1) });
    expect(half(gradient, 1).every((value) => value === 0)).toBe(true);
    expect(half(gradient, 0).some((value) => value !== 0)).toBe(true);
  });
});
