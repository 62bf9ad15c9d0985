import { initializeWeights, type NdArray, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatConfig, type Json, parseConfig } from "../checkpoints/config-json.ts";
import { parametersOf } from "../checkpoints/declared-parameters.ts";
import { memoryFolder } from "../checkpoints/file-source.ts";
import { isRecognized } from "../checkpoints/recognize.ts";
import { loadAs, loadPretrained } from "../pretrained/load.ts";
import { runPretrained } from "../pretrained/run.ts";
import { savePretrained } from "../pretrained/save.ts";
import { bareStateDict, inferredConfig } from "../testing/bare-state-dict.ts";
import { torchCheckpoint } from "../testing/torch-checkpoint.ts";
import { subcellDefinition, subcellFormat } from "./definition.ts";
import { normalizeSubcell, subcellLocations } from "./locations.ts";
import { type SubcellConfig, subcellDefaults } from "./network.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const tiny: SubcellConfig = {
  ...subcellDefaults,
  stains: ["nucleus", "protein"],
  hiddenSize: 8,
  numHiddenLayers: 1,
  numAttentionHeads: 2,
  intermediateSize: 12,
  imageSize: 32,
  poolSize: 4,
  numClassifiers: 2,
  classifierSizes: [6, 5],
};

function randomWeights(config: SubcellConfig, seed = 1): Map<string, NdArray> {
  return initializeWeights(parametersOf(subcellDefinition, { config, weights: new Map() }), seed);
}

/** The files of a folder as they are released: the encoder, and a file per classifier in a folder of its own. */
function released(weights: ReadonlyMap<string, NdArray>): Map<string, Uint8Array> {
  const encoder = [...weights]
    .filter(([name]) => !name.startsWith("classifiers."))
    .map(([name, value]) => [name.replace(/(attention_[uv])\.0/, "$1.1"), value] as const);
  const pooler: NdArray = { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) };
  const idle = ["encoder.pooler.dense.bias", pooler] as const;
  const files = new Map([["x_ViT-ProtS-Pool.pth", torchCheckpoint([...encoder, idle])]]);
  for (const seed of [0, 1]) {
    const layers = [...weights].flatMap(([name, value]): [string, NdArray][] => {
      const [, layer, part] = new RegExp(`^classifiers\\.${seed}\\.(\\d)\\.(.*)$`).exec(name) ?? [];
      const stored = { 0: 0, 2: 3, 4: 6 }[layer as "0"];
      return layer === undefined ? [] : [[`${stored}.${part}`, value]];
    });
    files.set(`x_ViT_MLP_classifier/x_ViT_MLP_classifier_seed_${seed}.pth`, torchCheckpoint(layers));
  }
  return files;
}

describe("the configuration of SubCell", () => {
  const json = formatConfig(subcellFormat, subcellDefaults);
  const parse = (changes: Json) => parseConfig(subcellFormat, { ...json, ...changes }, "x");

  it("comes back from its file as it was", () => {
    expect(parse({})).toEqual(subcellDefaults);
  });

  it.each([
    ["another normalisation", { layer_norm_eps: 1e-6 }, /layer_norm_eps is 0.000001, only 1e-12/],
    ["heads that do not divide the width", { num_attention_heads: 7 }, /num_attention_heads: heads must/],
    ["an image that patches do not fill", { image_size: 450 }, /image_size: must be a multiple/],
    ["a stain that it does not know", { stains: ["actin"] }, /stains.0: /],
  ])("is refused by name for %s", (_, changes, message) => {
    expect(() => parse(changes)).toThrow(message);
  });
});

describe("a bare state dict of SubCell", () => {
  it("is recognised, and shows all sizes", () => {
    const weights = bareStateDict(subcellDefinition, subcellDefaults);
    expect(isRecognized(subcellDefinition, weights)).toBe(true);
    expect(inferredConfig(subcellDefinition, weights)).toEqual(subcellDefaults);
  });

  it("shows its stains by the number of channels, of three by the file's name", () => {
    const weights = bareStateDict(subcellDefinition, {
      ...subcellDefaults,
      stains: ["er", "nucleus", "protein"],
    });
    const stains = (place: string) => subcellDefinition.inferConfig(weights, weights, place).stains;
    expect(stains("models/ER-DNA-Protein_ViT-ProtS-Pool.pth")).toEqual(["er", "nucleus", "protein"]);
    expect(stains("models/MT-DNA-Protein_ViT-ProtS-Pool.pth")).toEqual([
      "microtubules",
      "nucleus",
      "protein",
    ]);
    expect(() => stains("encoder.pth")).toThrow(/encoder.pth: which stains its 3 channels are/);
  });

  it("of another width needs a configuration for the heads", () => {
    const weights = bareStateDict(subcellDefinition, tiny);
    expect(() => inferredConfig(subcellDefinition, weights)).toThrow(/number of attention heads/);
  });
});

describe("SubCell in the released files", () => {
  const weights = randomWeights(tiny);
  const config = new TextEncoder().encode(JSON.stringify(formatConfig(subcellFormat, tiny)));
  const files = released(weights).set("config.json", config);

  it("loads with the classifiers of their own files, and names what it leaves out", async () => {
    const notices: string[] = [];
    const model = await loadAs("subcell", memoryFolder(files), { onNotice: (text) => notices.push(text) });
    expect(new Map([...model.weights].sort())).toEqual(new Map([...weights].sort()));
    expect(notices).toEqual([
      "memory/x_ViT-ProtS-Pool.pth: left out, because they are no part of SubCell (CellProfiling): encoder.pooler.dense.bias",
    ]);
  });

  it("is refused by the names of tensors that are missing or of another shape", async () => {
    const damaged = new Map(weights);
    damaged.delete("pool_model.attention.bias");
    damaged.set("encoder.layernorm.bias", { dtype: "float32", shape: [3], data: new Float32Array(3) });
    const folder = memoryFolder(released(damaged).set("config.json", config));
    await expect(loadPretrained(folder)).rejects.toThrow(
      /1 missing \(pool_model.attention.bias \[2\]\); 1 of another shape \(encoder.layernorm.bias \[3\] instead of \[8\]\)/,
    );
  });

  it("comes back from the files that it is saved to", async () => {
    const model = { architecture: "subcell", config: tiny, weights } as const;
    const loaded = await loadAs("subcell", memoryFolder(savePretrained(model)));
    expect(loaded).toEqual(model);
  });
});

describe("the classifiers of SubCell", () => {
  it("give the mean of their probabilities, each a sigmoid of three layers on the embedding", async () => {
    const weights = randomWeights(tiny, 3);
    const data = Float32Array.from({ length: 2 * 32 * 48 }, (_, i) => Math.abs(Math.sin(i)));
    const outputs = await runPretrained(
      runtime,
      { architecture: "subcell", config: tiny, weights },
      new Map([["pixel_values", { dtype: "float32", shape: [1, 2, 32, 48], data }]]),
    );
    const dense = (name: string, x: readonly number[], rectify: boolean): number[] => {
      const [w, b] = [weights.get(`${name}.weight`)!.data, weights.get(`${name}.bias`)!.data];
      return Array.from(b as Float32Array, (bias, row) => {
        const y = x.reduce((sum, v, at) => sum + v * Number(w[row * x.length + at]), bias);
        return rectify ? Math.max(y, 0) : y;
      });
    };
    const embedding = Array.from(outputs.get("embedding")!.data, Number);
    const each = [0, 1].map((k) =>
      dense(
        `classifiers.${k}.4`,
        dense(`classifiers.${k}.2`, dense(`classifiers.${k}.0`, embedding, true), true),
        false,
      ).map((logit) => 1 / (1 + Math.exp(-logit))),
    );
    const found = outputs.get("probabilities")!;
    expect(found.shape).toEqual([1, 31]);
    for (const [label, value] of Array.from(found.data, Number).entries())
      expect(value).toBeCloseTo((each[0]![label]! + each[1]![label]!) / 2, 5);
    expect(outputs.get("pool_attention")!.shape).toEqual([1, 2, 2, 3]);
  });
});

describe("the input of SubCell", () => {
  it("is stretched by the joint range of the stains", () => {
    expect([...normalizeSubcell([[10, 20], Uint8Array.of(30, 110)])]).toEqual(
      [0, 0.1, 0.2, 1].map((value) => expect.closeTo(value, 6)),
    );
    expect([...normalizeSubcell([[7, 7]])]).toEqual([0, 0]);
  });

  it("is named in 31 locations", () => {
    expect(new Set(subcellLocations).size).toBe(31);
    expect([subcellLocations[7], subcellLocations[30]]).toEqual(["Cytosol", "Negative"]);
  });
});
