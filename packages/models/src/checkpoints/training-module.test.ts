import { fileURLToPath } from "node:url";
import { initializeWeights, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { type NdArray, readSafetensors, toFloat32, writeSafetensors } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openFolder } from "../node.ts";
import { loadAs, loadParts, loadPretrained } from "../pretrained/load.ts";
import { runPretrained } from "../pretrained/run.ts";
import { declareParameters, networks, type Pretrained } from "../registry.ts";
import { tinyCytoself } from "../testing/tiny-cytoself.ts";
import type { Json } from "./config-json.ts";
import { memoryFolder, subfolder } from "./file-source.ts";
import type { StateDict } from "./network-definition.ts";
import { plainValues, splitTrainingModule } from "./training-module.ts";

const fixtures = openFolder(fileURLToPath(new URL("../fixtures", import.meta.url)));
const lightning = subfolder(fixtures, "lightning");
const expectedOf = async (name: string) =>
  readSafetensors(await fixtures.read(`expected/${name}.safetensors`)).tensors;

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

async function outputsOf(model: Pretrained, inputs: Record<string, NdArray>) {
  return runPretrained(runtime, model, new Map(Object.entries(inputs)));
}

function largestError(actual: NdArray | undefined, expected: NdArray | undefined): number {
  expect(actual?.shape).toEqual(expected?.shape);
  const theirs = toFloat32(expected!);
  return toFloat32(actual!).reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i]!)), 0);
}

/** A checkpoint of the names and shapes of networks under prefixes. */
function moduleOf(parts: Record<string, StateDict>): Map<string, NdArray> {
  return new Map(
    Object.entries(parts).flatMap(([prefix, tensors]) =>
      [...tensors].map(([name, value]): [string, NdArray] => [`${prefix}${name}`, value]),
    ),
  );
}

const split = (tensors: StateDict, hyperParameters: Json = {}) =>
  splitTrainingModule(networks, tensors, hyperParameters, "x")?.map(({ definition, ...part }) => ({
    architecture: definition.name,
    ...part,
  }));

const one: NdArray = { dtype: "float32", shape: [1], data: Float32Array.of(1) };

describe("a checkpoint of PyTorch Lightning", () => {
  it("holds the denoiser as it samples, its moving average, with its library's answer", async () => {
    const model = await loadPretrained(lightning);
    expect(model.architecture).toBe("unet");
    expect(model.config).toMatchObject({ blockOutChannels: [8, 8], attentionHeadDim: 2, normNumGroups: 4 });
    const expected = await expectedOf("diffusers-unet");
    const names = ["sample", "timestep", "encoder_hidden_states", "encoder_attention_mask", "timestep_cond"];
    const inputs = Object.fromEntries(names.map((name) => [name, expected.get(name)!]));
    const { sample } = Object.fromEntries(await outputsOf(model, inputs));
    expect(largestError(sample, expected.get("out.sample"))).toBeLessThan(1e-4);
  });

  it("holds the autoencoder too, for whoever asks", async () => {
    expect((await loadParts(lightning)).map(({ architecture }) => architecture)).toEqual([
      "unet",
      "autoencoder",
    ]);
    const model = await loadAs("autoencoder", lightning);
    const expected = await expectedOf("diffusers-vae");
    const { mean } = Object.fromEntries(await outputsOf(model, { sample: expected.get("sample")! }));
    expect(largestError(mean, expected.get("out.mean"))).toBeLessThan(1e-4);
    await expect(loadAs("esm2", lightning)).rejects.toMatchObject({
      name: "CheckpointError",
      message: expect.stringMatching(
        /proteoscope\.ckpt: holds no part that is ESM2.*; its networks are: unet, autoencoder$/,
      ),
    });
  });

  it("holds cytoself under its wrapper's name, with sizes from its hyper-parameters", () => {
    const tiny: Pretrained = { architecture: "cytoself", config: tinyCytoself, weights: new Map() };
    const weights = initializeWeights(declareParameters(tiny), 5);
    const model = { input_shape: [2, 16, 16], vq_coeff: 1 };
    const hyper = { module_config: { model }, num_class: 3 };
    const [part] = split(moduleOf({ "model.": weights }), hyper)!;
    expect(part).toEqual({ architecture: "cytoself", tensors: weights, config: { ...model, num_class: 3 } });
    const inside = { module_config: { model: { cytoself: { model } } } };
    const [same] = split(moduleOf({ "cytoself.": weights }), inside)!;
    expect(same).toEqual({ architecture: "cytoself", tensors: weights, config: model });
  });

  it("puts projection heads first, the networks they learnt from after them", () => {
    const tensors = moduleOf({
      "protein_projection.": new Map([["projection.weight", one]]),
      "image_projection.": new Map([["projection.weight", one]]),
      "autoencoder.": new Map([["quant_conv.weight", one]]),
      "esm_bottleneck.": new Map([["projection.weight", one]]),
    });
    const parts = split(tensors)!;
    expect(parts.map(({ architecture, tensors: { size } }) => [architecture, size])).toEqual([
      ["triplet", 3],
      ["autoencoder", 1],
    ]);
  });

  it("takes the trained denoiser where there is no average, and leaves losses and measures", () => {
    const tensors = moduleOf({
      "unet.": new Map([["conv_in.weight", one]]),
      "loss.": new Map([["logvar", one]]),
      "ssim.": new Map([["kernel", one]]),
    });
    expect(split(tensors)).toEqual([
      { architecture: "unet", tensors: new Map([["conv_in.weight", one]]), config: {} },
    ]);
  });

  it("is refused by name: parts that are unknown, and a module without a network", async () => {
    const load = (tensors: Map<string, NdArray>) =>
      loadPretrained(memoryFolder(new Map([["module.safetensors", writeSafetensors(tensors)]]), "there"));
    await expect(
      load(
        moduleOf({
          "vae.": new Map([["a", one]]),
          "teacher.": new Map([["b", one]]),
          scale: new Map([["", one]]),
        }),
      ),
    ).rejects.toThrow(
      /^there\/module\.safetensors: (scale, teacher|teacher, scale): parts of no training module/,
    );
    await expect(
      load(moduleOf({ "prediction_head.": new Map([["bias", one]]), "loss.": new Map([["a", one]]) })),
    ).rejects.toThrow(/those of no known network/);
    await expect(
      load(moduleOf({ "vae.": new Map([["encoder.conv_in.weight", one]]) })),
    ).rejects.toMatchObject({
      name: "CheckpointError",
    });
  });

  it("is none where names have no such prefix", () => {
    expect(split(new Map([["encoder.weight", one]]))).toBeUndefined();
  });
});

describe("the plain values of hyper-parameters", () => {
  it("are what JSON has, tensors left out", () => {
    const tree = new Map<unknown, unknown>([
      ["a", [1, "b", null, true, one]],
      [3, "no name"],
      ["c", new Map([["d", 2n ** 70n]])],
    ]);
    expect(plainValues(tree, "x")).toEqual({ a: [1, "b", null, true, undefined], c: { d: undefined } });
  });

  it("end in an error where they hold themselves or unfold without end", () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => plainValues(circle, "x")).toThrow(
      /^x: hyper_parameters have more than 10000 values, or no end/,
    );
    let wide: unknown[] = [1];
    for (let level = 0; level < 20; level++) wide = Array.from({ length: 10 }, () => wide);
    expect(() => plainValues(wide, "x")).toThrow(/or no end/);
  });
});
