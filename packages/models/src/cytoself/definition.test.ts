import { f32, initializeWeights, type Runtime, trace } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { type NdArray, readSafetensors, writeSafetensors } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Json, parseConfig } from "../checkpoints/config-json.ts";
import { memoryFolder } from "../checkpoints/file-source.ts";
import { isRecognized } from "../checkpoints/recognize.ts";
import { loadAs, loadPretrained } from "../pretrained/load.ts";
import { runPretrained } from "../pretrained/run.ts";
import { savePretrained, saveSingleFile } from "../pretrained/save.ts";
import type { Pretrained } from "../registry.ts";
import { bareStateDict, inferredConfig } from "../testing/bare-state-dict.ts";
import { tinyCytoself } from "../testing/tiny-cytoself.ts";
import { cytoselfDefinition, cytoselfFormat } from "./definition.ts";
import { cytoself, cytoselfDefaults } from "./network.ts";

function tinyModel(): Extract<Pretrained, { architecture: "cytoself" }> {
  const { parameters } = trace(
    (w, { x }) => ({ y: cytoself(w, tinyCytoself, x, { training: false }).reconstruction }),
    { x: f32(1, 2, 16, 16) },
  );
  return { architecture: "cytoself", config: tinyCytoself, weights: initializeWeights(parameters, 5) };
}

const configOf = (files: ReadonlyMap<string, Uint8Array>): Record<string, unknown> =>
  JSON.parse(new TextDecoder().decode(files.get("config.json")!));

describe("a checkpoint of cytoself", () => {
  it("loads as it was saved, from a folder and from one file", async () => {
    const model = tinyModel();
    expect(await loadAs("cytoself", memoryFolder(savePretrained(model)))).toEqual(model);
    const single = new Map([["any-name.safetensors", saveSingleFile(model)]]);
    expect(await loadPretrained(memoryFolder(single))).toEqual(model);
  });

  it("has the original's constructor arguments as its configuration", () => {
    const { _class_name, ...config } = configOf(savePretrained(tinyModel()));
    expect(_class_name).toBe("CytoselfFull");
    expect(config).toMatchObject({
      input_shape: [2, 16, 16],
      output_shape: [2, 16, 16],
      emb_shapes: [
        [4, 4],
        [2, 2],
      ],
      vq_args: { num_embeddings: 8, embedding_dim: 4, channel_split: 1, commitment_cost: 0.25 },
      fc_args: { num_layers: 2, num_features: 12, dropout_rate: 0.5 },
      ...{ fc_output_idx: [2], fc_input_type: "vqvec", num_class: 3 },
    });
    const [encoder] = config.encoder_args as { blocks_args: object[] }[];
    expect(encoder!.blocks_args[1]).toEqual({
      ...{ expand_ratio: 2, kernel: 3, stride: 2, input_channels: 8, out_channels: 8, num_layers: 2 },
    });
  });

  it("has PyTorch's counters of batches with the statistics, as whole numbers in float16 too", () => {
    const { tensors } = readSafetensors(
      savePretrained(tinyModel(), { dtype: "float16" }).get("model.safetensors")!,
    );
    const counters = [...tensors].filter(([name]) => name.endsWith(".num_batches_tracked"));
    const statistics = [...tensors.keys()].filter((name) => name.endsWith(".running_var"));
    expect(counters.map(([name]) => name.replace("num_batches_tracked", "running_var"))).toEqual(statistics);
    for (const [, counter] of counters)
      expect(counter).toEqual({ dtype: "int64", shape: [], data: BigInt64Array.of(0n) });
    expect(tensors.get("vq_layers.0.codebook.weight")!.dtype).toBe("float16");
  });

  it("loads under a training wrapper's names", async () => {
    const model = tinyModel();
    const wrapped = [...model.weights].map(([name, value]) => [`model.${name}`, value] as const);
    const config = savePretrained(model).get("config.json")!;
    const files = new Map([
      ["config.json", config],
      ["model.safetensors", writeSafetensors(wrapped)],
    ]);
    expect(await loadPretrained(memoryFolder(files))).toEqual(model);
  });

  it("has a classifier that the original made for a level and does not use", async () => {
    const model = tinyModel();
    const unused: [string, NdArray][] = [
      ["fc_layers.0.fc_list.1.weight", [12, 64]],
      ["fc_layers.0.fc_list.1.bias", [12]],
      ["fc_layers.0.fc_list.4.weight", [3, 12]],
      ["fc_layers.0.fc_list.4.bias", [3]],
    ].map(([name, shape]) => {
      const sizes = shape as number[];
      const data = new Float32Array(sizes.reduce((a, b) => a * b, 1));
      return [name as string, { dtype: "float32", shape: sizes, data }];
    });
    const whole = { ...model, weights: new Map([...model.weights, ...unused]) };
    expect(await loadPretrained(memoryFolder(savePretrained(whole)))).toEqual(whole);
    whole.weights.delete("fc_layers.0.fc_list.4.bias");
    expect(() => savePretrained(whole)).toThrow(/1 missing \(fc_layers\.0\.fc_list\.4\.bias \[3\]\)$/);
  });

  it("shows its sizes without a configuration, where its strides are the published ones", () => {
    const published = { ...cytoselfDefaults, numClass: 17 };
    const weights = bareStateDict(cytoselfDefinition, published);
    expect(isRecognized(cytoselfDefinition, weights)).toBe(true);
    expect(inferredConfig(cytoselfDefinition, weights)).toEqual(published);
  });
});

describe("a configuration of cytoself", () => {
  const json = (changes: Json): Json => ({ ...configOf(savePretrained(tinyModel())), ...changes });
  const stage = { expand_ratio: 2, kernel: 3, stride: 2, input_channels: 8, out_channels: 8, num_layers: 1 };

  it("needs no more than the original's own files say", () => {
    const config = parseConfig(
      cytoselfFormat,
      {
        input_shape: [2, 100, 100],
        output_shape: [2, 100, 100],
        emb_shapes: [
          [25, 25],
          [4, 4],
        ],
        ...{ fc_output_idx: [2], fc_input_type: "vqvec", num_class: 1311, vq_coeff: 1 },
        vq_args: { num_embeddings: 2048, embedding_dim: 64 },
        fc_args: { num_layers: 2 },
      },
      "x",
    );
    expect(config).toEqual(cytoselfDefaults);
  });

  for (const [fault, changes, message] of [
    [
      "grids that its strides do not make",
      { emb_shapes: [[5, 5]] },
      /emb_shapes is \[\[5,5\]\], only \[\[4,4\],\[2,2\]\]/,
    ],
    [
      "a classifier on what is not quantised",
      { fc_input_type: "enc" },
      /fc_input_type is "enc", only "vqvec"/,
    ],
    ["a level that is not there", { fc_output_idx: [3] }, /fc_output_idx: names a level/],
    ["an image without end", { input_shape: [2, 1e6, 16] }, /input_shape\.1: /],
    ["an even kernel", { encoder_args: [{ blocks_args: [{ ...stage, kernel: 4 }] }] }, /kernel: must be odd/],
    [
      "a width that the original would round",
      { encoder_args: [{ blocks_args: [{ ...stage, out_channels: 12 }] }] },
      /encoder_args\.0\.blocks_args\.0\.out_channels: must be a multiple of 8/,
    ],
    [
      "stages that do not meet",
      { encoder_args: [{ blocks_args: [stage, { ...stage, input_channels: 16 }] }] },
      /must be the out_channels of the one before/,
    ],
  ] as const)
    it(`is refused for ${fault}`, () => {
      expect(() => parseConfig(cytoselfFormat, json(changes as Json), "x")).toThrow(message);
    });
});

describe("runPretrained on cytoself", () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openRuntime({ device: "cpu", threads: 1 });
  });
  afterAll(() => runtime.close());
  const images = (...shape: number[]): NdArray => ({
    dtype: "float32",
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i % 13) / 13),
  });

  it("gives the image, the classes, and every embedding of each level by the original's names", async () => {
    const outputs = await runPretrained(runtime, tinyModel(), new Map([["x", images(3, 2, 16, 16)]]));
    const shapes = Object.fromEntries(
      [...outputs].map(([name, { dtype, shape }]) => [name, [dtype, ...shape]]),
    );
    expect(shapes).toEqual({
      decoder0: ["float32", 3, 2, 16, 16],
      encoder1: ["float32", 3, 4, 4, 4],
      vqvec1: ["float32", 3, 4, 4, 4],
      vqind1: ["int64", 3, 1, 4, 4],
      vqindhist1: ["float32", 3, 8],
      perplexity1: ["float32"],
      encoder2: ["float32", 3, 4, 2, 2],
      vqvec2: ["float32", 3, 4, 2, 2],
      vqind2: ["int64", 3, 1, 2, 2],
      vqindhist2: ["float32", 3, 8],
      perplexity2: ["float32"],
      fc2: ["float32", 3, 3],
    });
    const counted = new Float32Array(3 * 8);
    const indices = outputs.get("vqind1")!.data as BigInt64Array;
    indices.forEach((code, i) => {
      counted[Math.floor(i / 16) * 8 + Number(code)]!++;
    });
    expect(outputs.get("vqindhist1")!.data).toEqual(counted);
    const codebook = tinyModel().weights.get("vq_layers.0.codebook.weight")!.data as Float32Array;
    const vectors = outputs.get("vqvec1")!.data as Float32Array;
    for (let channel = 0; channel < 4; channel++)
      expect(vectors[channel * 16]).toBeCloseTo(codebook[Number(indices[0]) * 4 + channel]!, 5);
  });

  it("names the size that images must have", async () => {
    await expect(runPretrained(runtime, tinyModel(), new Map([["x", images(1, 2, 16, 8)]]))).rejects.toThrow(
      /tensor "x" has the shape \[1, 2, 16, 8\].*\[batch, 2, 16, 16\] is needed/,
    );
  });
});
