import {
  compile,
  createGenerator,
  f32,
  float32,
  i64,
  initializeWeights,
  mean,
  type NdArray,
  type Runtime,
  trace,
  type Weights,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  crossAttentionKeyValues,
  type UnetConfig,
  type UnetInputs,
  unet,
  unetDefaults,
} from "../unet/network.ts";
import { compileDenoiser, type Denoiser } from "./guided-denoiser.ts";

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

const normal = (name: string, ...shape: number[]): NdArray =>
  float32(shape, createGenerator(1, name).normal(shape.reduce((a, b) => a * b, 1)));
const inputs = {
  latents: normal("latents", 3, 4, 4, 5),
  distance: normal("distance", 3, 1, 4, 5),
  timestep: 700,
};
const sequence = normal("sequence", 1, 7, 6);

const types = { sample: f32(3, 5, 4, 5), timestep: i64(1), sequence: f32(1, 7, 6) };
const model = (
  w: Weights,
  { sample, timestep, sequence }: UnetInputs & Record<"sequence", UnetInputs["sample"]>,
) => ({
  conditional: unet(w, config, {
    sample,
    timestep,
    timestepCond: mean(sequence, { axes: [1] }),
    keyValues: crossAttentionKeyValues(w, config, sequence),
  }),
  unconditional: unet(w, config, { sample, timestep }),
});
const weights = initializeWeights(trace(model, types).parameters, 4);

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 2 });
});
afterAll(() => runtime.close());

/** What each half alone answers, of the whole sequence at once. */
async function halves(): Promise<{ conditional: NdArray; unconditional: NdArray }> {
  const program = await compile(runtime, model, types, { weights });
  const [latents, distance] = [inputs.latents.data, inputs.distance.data] as [Float32Array, Float32Array];
  const sample = new Float32Array(300);
  for (let n = 0; n < 3; n++) {
    sample.set(latents.subarray(n * 80, (n + 1) * 80), n * 100);
    sample.set(distance.subarray(n * 20, (n + 1) * 20), n * 100 + 80);
  }
  const timestep: NdArray = { dtype: "int64", shape: [1], data: BigInt64Array.of(700n) };
  return program.run({ sample: float32([3, 5, 4, 5], sample), timestep, sequence });
}

const expectEqual = (actual: NdArray, expected: ArrayLike<number>) =>
  expect(
    Math.max(...Array.from(expected, (value, i) => Math.abs(value - Number(actual.data[i])))),
  ).toBeLessThan(1e-5);

describe.each(["side by side", "in one graph"])("compileDenoiser, both halves %s", (way) => {
  let denoiser: Denoiser;
  beforeAll(async () => {
    const { pair, ...alone } = runtime;
    const chosen = way === "in one graph" ? alone : runtime;
    denoiser = await compileDenoiser(chosen, config, { weights, height: 4, width: 5 });
  });
  afterAll(() => denoiser.close());

  it("answers with the denoiser's own noise at guidance 1 and the null condition's at 0", async () => {
    const { conditional, unconditional } = await halves();
    const prepared = await denoiser.prepare(sequence);
    const at = (guidance: number) => denoiser.predict(prepared, { ...inputs, guidance });
    expectEqual(await at(1), conditional.data as Float32Array);
    expectEqual(await at(0), unconditional.data as Float32Array);
  });

  it("extrapolates from the null condition through the conditional answer", async () => {
    const { conditional, unconditional } = await halves();
    const prepared = await denoiser.prepare(sequence);
    const expected = (conditional.data as Float32Array).map((value, i) => {
      const base = Number(unconditional.data[i]);
      return base + 3 * (value - base);
    });
    expectEqual(await denoiser.predict(prepared, { ...inputs, guidance: 3 }), expected);
  });

  it("serves any number of samples and residues with one compilation", async () => {
    const all = await denoiser.predict(await denoiser.prepare(sequence), { ...inputs, guidance: 2 });
    expect(all.shape).toEqual([3, 4, 4, 5]);
    const last = {
      latents: float32([1, 4, 4, 5], (inputs.latents.data as Float32Array).slice(160)),
      distance: float32([1, 1, 4, 5], (inputs.distance.data as Float32Array).slice(40)),
      timestep: 700,
      guidance: 2,
    };
    const one = await denoiser.predict(await denoiser.prepare(sequence), last);
    expectEqual(one, (all.data as Float32Array).slice(160));
    const longer = await denoiser.prepare(normal("longer", 1, 40, 6));
    expect((await denoiser.predict(longer, last)).shape).toEqual([1, 4, 4, 5]);
  });

  it("names the weights that are missing", async () => {
    const lacking = new Map([...weights].filter(([name]) => name !== "conv_out.bias"));
    await expect(compileDenoiser(runtime, config, { weights: lacking })).rejects.toThrow(
      "conv_out.bias is missing",
    );
  });
});
