import {
  bool,
  compile,
  createGenerator,
  exportOnnx,
  f32,
  float32,
  formatShape,
  i64,
  initializeWeights,
  type NdArray,
  type Runtime,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { maskedMean } from "../esm2/masked-mean.ts";
import { crossAttentionKeyValues, keyValueTypes, type UnetConfig, unet, unetDefaults } from "./network.ts";

const small: UnetConfig = {
  ...unetDefaults,
  downBlockTypes: ["CrossAttnDownBlock2D", "DownBlock2D"],
  upBlockTypes: ["UpBlock2D", "CrossAttnUpBlock2D"],
  blockOutChannels: [8, 16],
  layersPerBlock: 1,
  crossAttentionDim: 6,
  timeCondProjDim: 6,
  attentionHeadDim: 2,
  normNumGroups: 4,
};

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu" });
});
afterAll(() => runtime.close());

const normal = (name: string, ...shape: number[]): NdArray =>
  float32(shape, createGenerator(1, name).normal(shape.reduce((a, b) => a * b, 1)));

const timesteps = (...values: number[]): NdArray => ({
  dtype: "int64",
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

/** The whole denoiser, of a sequence with its mask. */
function declared(config = small, batch = 1, height = 6, width = 5) {
  return trace(
    (w, { sample, timestep, sequence, mask }) => ({
      noise: unet(w, config, {
        sample,
        timestep,
        timestepCond: maskedMean(sequence, mask),
        keyValues: crossAttentionKeyValues(w, config, sequence),
        mask,
      }),
    }),
    {
      sample: f32(batch, config.inChannels, height, width),
      timestep: i64(batch),
      sequence: f32(batch, "residues", config.crossAttentionDim),
      mask: bool(batch, "residues"),
    },
  );
}

const weights = initializeWeights(declared().parameters, 3);

function largestDifference(a: NdArray, b: NdArray): number {
  expect(a.shape).toEqual(b.shape);
  return (a.data as Float32Array).reduce(
    (worst, value, i) => Math.max(worst, Math.abs(value - Number(b.data[i]))),
    0,
  );
}

describe("unet", () => {
  it("has 75 M parameters at the paper's size with a sequence of 1024 wide", () => {
    const config = { ...unetDefaults, crossAttentionDim: 1024, timeCondProjDim: 1024 };
    const { parameters } = declared(config, 1, 25, 25);
    const count = [...parameters.values()].reduce(
      (total, { shape }) => total + shape.reduce((a, b) => a * b, 1),
      0,
    );
    expect(count / 1e6).toBeCloseTo(75.1, 1);
  });

  it("gives back the sides it was given, odd ones too, at any batch size", () => {
    for (const [height, width] of [
      [25, 25],
      [13, 18],
      [2, 3],
      [1, 1],
    ] as const) {
      const { noise } = declared(small, 3, height, width).outputs;
      expect(formatShape(noise.shape)).toBe(`[3, 4, ${height}, ${width}]`);
    }
  });

  it("takes keys and values as prepared once for all steps, of the types it says", () => {
    const types = keyValueTypes(small, 1, "residues");
    const { outputs } = trace((w, { sequence }) => ({ ...crossAttentionKeyValues(w, small, sequence) }), {
      sequence: f32(1, "residues", 6),
    });
    expect(Object.keys(outputs)).toEqual(Object.keys(types));
    for (const [name, { shape }] of Object.entries(types)) expect(outputs[name]!.shape, name).toEqual(shape);
    expect(Object.keys(types)).toEqual([
      "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k",
      "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_v",
      "mid_block.attentions.0.transformer_blocks.0.attn2.to_k",
      "mid_block.attentions.0.transformer_blocks.0.attn2.to_v",
      "up_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k",
      "up_blocks.1.attentions.0.transformer_blocks.0.attn2.to_v",
      "up_blocks.1.attentions.1.transformer_blocks.0.attn2.to_k",
      "up_blocks.1.attentions.1.transformer_blocks.0.attn2.to_v",
    ]);
  });

  it("says which keys and values it misses", () => {
    const partial = () =>
      trace((w, { sample, timestep }) => ({ y: unet(w, small, { sample, timestep, keyValues: {} }) }), {
        sample: f32(1, 5, 4, 4),
        timestep: i64(1),
      });
    expect(partial).toThrow("keyValues lacks those of down_blocks.0.attentions.0.transformer_blocks.0.attn2");
  });

  it("needs no weights for a time condition that its configuration does not have", () => {
    const names = [...declared({ ...small, timeCondProjDim: null }).parameters.keys()];
    expect(names.filter((name) => name.includes("cond_proj"))).toEqual([]);
    expect([...declared().parameters.keys()].filter((name) => name.includes("cond_proj"))).toEqual([
      "time_embedding.cond_proj.weight",
    ]);
  });

  it("computes the null condition, a sequence of zeros, without its attention", async () => {
    const program = await compile(
      runtime,
      (w, { sample, timestep, sequence, mean }) => ({
        short: unet(w, small, { sample, timestep }),
        long: unet(w, small, {
          sample,
          timestep,
          timestepCond: mean,
          keyValues: crossAttentionKeyValues(w, small, sequence),
        }),
      }),
      { sample: f32(2, 5, 6, 5), timestep: i64(2), sequence: f32(2, "residues", 6), mean: f32(2, 6) },
      { weights },
    );
    const { short, long } = await program.run({
      sample: normal("sample", 2, 5, 6, 5),
      timestep: timesteps(3, 700),
      sequence: float32([2, 4, 6], new Float32Array(48)),
      mean: float32([2, 6], new Float32Array(12)),
    });
    expect(largestDifference(short, long)).toBeLessThan(1e-6);
    await program.close();
  });

  it("does not see padding: a masked sequence equals the sequence cut", async () => {
    const program = await runtime.load(exportOnnx(declared(), weights));
    const sample = normal("sample", 1, 5, 6, 5);
    const padded = normal("sequence", 1, 7, 6);
    const cut = float32([1, 4, 6], (padded.data as Float32Array).slice(0, 24));
    const answer = async (sequence: NdArray, marks: number[]) => {
      const mask: NdArray = { dtype: "bool", shape: [1, marks.length], data: Uint8Array.from(marks) };
      return (await program.run({ sample, timestep: timesteps(500), sequence, mask })).noise!;
    };
    const alone = await answer(cut, [1, 1, 1, 1]);
    expect(largestDifference(await answer(padded, [1, 1, 1, 1, 0, 0, 0]), alone)).toBeLessThan(1e-6);
    expect(largestDifference(await answer(padded, [1, 1, 1, 1, 1, 1, 1]), alone)).toBeGreaterThan(1e-4);
    await program.close();
  });

  it("shares one sequence and one timestep between the samples of a batch", async () => {
    const build = (batch: "samples" | 1) =>
      compile(
        runtime,
        (w, { sample, timestep, sequence }) => ({
          noise: unet(w, small, { sample, timestep, keyValues: crossAttentionKeyValues(w, small, sequence) }),
        }),
        { sample: f32("samples", 5, 6, 5), timestep: i64(batch), sequence: f32(batch, "residues", 6) },
        { weights },
      );
    const [shared, separate] = [await build(1), await build("samples")];
    const sample = normal("sample", 2, 5, 6, 5);
    const sequence = normal("sequence", 1, 7, 6);
    const twice = float32(
      [2, 7, 6],
      Float32Array.of(...(sequence.data as Float32Array), ...(sequence.data as Float32Array)),
    );
    const one = await shared.run({ sample, timestep: timesteps(42), sequence });
    const two = await separate.run({ sample, timestep: timesteps(42, 42), sequence: twice });
    expect(largestDifference(one.noise, two.noise)).toBeLessThan(1e-6);
    await shared.close();
    await separate.close();
  });
});
