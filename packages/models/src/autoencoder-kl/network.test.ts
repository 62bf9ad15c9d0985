import { compile, f32, type NdArray, type Runtime, type Tensor, trace } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type AutoencoderKlConfig,
  autoencoderKlDefaults,
  decode,
  encode,
  klDivergence,
  sampleLatent,
  upgradeAutoencoderNames,
} from "./network.ts";

const array = (shape: readonly number[], values: ArrayLike<number>): NdArray => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});

function traceBoth(config: AutoencoderKlConfig, height: number, width: number) {
  return trace(
    (w, { x }) => {
      const { mean, logvar } = encode(w, config, x);
      return { mean, logvar, image: decode(w, config, mean) };
    },
    { x: f32(1, config.inChannels, height, width) },
  );
}

describe("the network", () => {
  it("has the published 55.3 million parameters in 204 tensors", () => {
    const { parameters } = traceBoth(autoencoderKlDefaults, 100, 100);
    const sizes = [...parameters.values()].map(({ shape }) => shape.reduce((a, b) => a * b, 1));
    expect(sizes).toHaveLength(204);
    expect(sizes.reduce((a, b) => a + b) / 1e6).toBeCloseTo(55.3, 1);
  });

  it("halves the sides twice, rounding down, and doubles them back", () => {
    const square = traceBoth(autoencoderKlDefaults, 100, 100).outputs;
    expect(square.mean.shape).toEqual([1, 4, 25, 25]);
    expect(square.image.shape).toEqual([1, 2, 100, 100]);
    const odd = traceBoth(autoencoderKlDefaults, 25, 18).outputs;
    expect(odd.logvar.shape).toEqual([1, 4, 6, 4]);
    expect(odd.image.shape).toEqual([1, 2, 24, 16]);
  });

  it("follows its configuration: levels, channels, blocks", () => {
    const config = {
      ...autoencoderKlDefaults,
      inChannels: 1,
      latentChannels: 3,
      blockOutChannels: [32, 64],
      layersPerBlock: 1,
    };
    const { parameters, outputs } = traceBoth(config, 8, 8);
    expect(outputs.mean.shape).toEqual([1, 3, 4, 4]);
    expect(parameters.get("encoder.conv_in.weight")!.shape).toEqual([32, 1, 3, 3]);
    expect(parameters.has("encoder.down_blocks.0.resnets.1.norm1.weight")).toBe(false);
    expect(parameters.has("decoder.up_blocks.1.resnets.1.norm1.weight")).toBe(true);
    expect(parameters.has("decoder.up_blocks.1.upsamplers.0.conv.weight")).toBe(false);
  });

  it("refuses channels that do not split into its groups", () => {
    const config = { ...autoencoderKlDefaults, blockOutChannels: [48, 64] };
    expect(() => traceBoth(config, 8, 8)).toThrow("48 channels do not split into 32 groups");
  });
});

describe("the posterior", () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openRuntime({ device: "cpu" });
  });
  afterAll(() => runtime.close());

  const shape = [2, 1, 1, 2] as const;
  async function compute(model: (mean: Tensor, logvar: Tensor) => Tensor, mean: number[], logvar: number[]) {
    const types = { mean: f32(...shape), logvar: f32(...shape) };
    const program = await compile(runtime, (_, inputs) => ({ y: model(inputs.mean, inputs.logvar) }), types, {
      weights: new Map(),
    });
    const { y } = await program.run({ mean: array(shape, mean), logvar: array(shape, logvar) });
    await program.close();
    return y;
  }

  it("diverges from the standard normal by 0 where it equals it, else by the closed form per image", async () => {
    const kl = (mean: Tensor, logvar: Tensor) => klDivergence({ mean, logvar });
    const { shape: klShape, data } = await compute(kl, [0, 0, 3, 0], [0, 0, 0, Math.log(4)]);
    expect(klShape).toEqual([2]);
    const values = data as Float32Array;
    expect(values[0]).toBeCloseTo(0, 6);
    expect(values[1]).toBeCloseTo(0.5 * 9 + 0.5 * (4 - 1 - Math.log(4)), 5);
  });

  it("is sampled by its mean and its standard deviation", async () => {
    const sample = (mean: Tensor, logvar: Tensor) => sampleLatent({ mean, logvar }, mean);
    const { data } = await compute(sample, [1, 2, -1, 0.5], [0, Math.log(4), Math.log(0.25), 0]);
    [2, 6, -1.5, 1].forEach((value, i) => {
      expect((data as Float32Array)[i]).toBeCloseTo(value, 5);
    });
  });

  it("keeps its log variance within [-30, 20], whatever the weights say", async () => {
    const config = {
      ...autoencoderKlDefaults,
      latentChannels: 1,
      blockOutChannels: [8],
      layersPerBlock: 1,
      normNumGroups: 2,
    };
    const types = { x: f32(1, 2, 4, 4) };
    const model = (
      ...[w, { x }]: Parameters<Parameters<typeof trace<typeof types, { logvar: Tensor }>>[0]>
    ) => ({
      logvar: encode(w, config, x).logvar,
    });
    for (const [bias, limit] of [
      [1e3, 20],
      [-1e3, -30],
    ] as const) {
      const weights = new Map(
        [...trace(model, types).parameters].map(([name, { shape }]) => {
          const size = shape.reduce((a, b) => a * b, 1);
          return [name, array(shape, new Float32Array(size).fill(name === "quant_conv.bias" ? bias : 0))];
        }),
      );
      const program = await compile(runtime, model, types, { weights });
      const { logvar } = await program.run({ x: array([1, 2, 4, 4], new Float32Array(32)) });
      await program.close();
      expect([...(logvar.data as Float32Array)]).toEqual(Array(16).fill(limit));
    }
  });
});

describe("upgradeAutoencoderNames", () => {
  it("gives the attention of older checkpoints its present names and touches nothing else", () => {
    const attention = "encoder.mid_block.attentions.0";
    const old = [
      `${attention}.query.weight`,
      `${attention}.key.bias`,
      `${attention}.value.weight`,
      `${attention}.proj_attn.bias`,
      `${attention}.group_norm.weight`,
      "decoder.conv_in.weight",
    ];
    const renamed = upgradeAutoencoderNames(new Map(old.map((name, i) => [name, i])));
    expect([...renamed]).toEqual([
      [`${attention}.to_q.weight`, 0],
      [`${attention}.to_k.bias`, 1],
      [`${attention}.to_v.weight`, 2],
      [`${attention}.to_out.0.bias`, 3],
      [`${attention}.group_norm.weight`, 4],
      ["decoder.conv_in.weight", 5],
    ]);
  });

  it("makes an old state dict into exactly the network's own names", () => {
    const { parameters } = traceBoth(autoencoderKlDefaults, 16, 16);
    const oldNames = [...parameters.keys()].map((name) =>
      name
        .replace(".to_q.", ".query.")
        .replace(".to_k.", ".key.")
        .replace(".to_v.", ".value.")
        .replace(".to_out.0.", ".proj_attn."),
    );
    expect(oldNames).not.toEqual([...parameters.keys()]);
    const upgraded = upgradeAutoencoderNames(new Map(oldNames.map((name) => [name, 0])));
    expect([...upgraded.keys()]).toEqual([...parameters.keys()]);
  });
});
