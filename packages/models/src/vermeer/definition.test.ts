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
import { vermeerDefinition, vermeerFormat, vermeerVqDefinition } from "./definition.ts";
import { greedyToken } from "./draw.ts";
import { generateVermeerTokens, openVermeerDecoder } from "./generate.ts";
import { type VermeerConfig, vermeerPresets } from "./network.ts";
import { vermeerVqDefaults } from "./vq-network.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const tiny: VermeerConfig = {
  hiddenSize: 16,
  numHiddenLayers: 1,
  numAttentionHeads: 2,
  intermediateSize: 24,
  conditionSize: 5,
  pooling: "mean",
  numCodes: 6,
  numStains: 2,
  gridSide: 2,
};
const weights = initializeWeights(parametersOf(vermeerDefinition, { config: tiny, weights: new Map() }), 2);
const model = { architecture: "vermeer", config: tiny, weights } as const;
const embeddings: NdArray = { dtype: "float32", shape: [1, 1, 5], data: Float32Array.of(1, -1, 2, 0, 3) };

describe("the configuration of Vermeer", () => {
  const json = formatConfig(vermeerFormat, vermeerPresets.L);
  const parse = (changes: Json) => parseConfig(vermeerFormat, { ...json, ...changes }, "x");

  it("comes back from its file as it was", () => {
    expect(parse({})).toEqual(vermeerPresets.L);
  });

  it.each([
    ["other rotations", { rope_base: 5000 }, /rope_base is 5000, only 10000/],
    ["heads that do not divide", { num_attention_heads: 7 }, /num_attention_heads: heads/],
    ["another pooling", { pooling: "max" }, /pooling: /],
  ])("is refused by name for %s", (_, changes, message) => {
    expect(() => parse(changes)).toThrow(message);
  });
});

describe("a bare state dict", () => {
  it.each(["B", "XL"] as const)("of Vermeer-%s is recognised, and shows all sizes", (name) => {
    const bare = bareStateDict(vermeerDefinition, vermeerPresets[name]);
    expect(isRecognized(vermeerDefinition, bare)).toBe(true);
    expect(inferredConfig(vermeerDefinition, bare)).toEqual(vermeerPresets[name]);
  });

  it("of attention pooling shows it; of another width it needs a configuration", () => {
    const config = { ...vermeerPresets.B, pooling: "attention" } as const;
    expect(inferredConfig(vermeerDefinition, bareStateDict(vermeerDefinition, config))).toEqual(config);
    expect(() => inferredConfig(vermeerDefinition, bareStateDict(vermeerDefinition, tiny))).toThrow(
      /heads and stains cannot be inferred for a width of 16/,
    );
  });

  it("of the tokenizer is recognised, and shows all sizes", () => {
    const bare = bareStateDict(vermeerVqDefinition, vermeerVqDefaults);
    expect(isRecognized(vermeerVqDefinition, bare)).toBe(true);
    expect(inferredConfig(vermeerVqDefinition, bare)).toEqual(vermeerVqDefaults);
  });
});

describe("a checkpoint of Vermeer", () => {
  const config = new TextEncoder().encode(JSON.stringify(formatConfig(vermeerFormat, tiny)));

  it("of training is loaded without the tables that training started from", async () => {
    const table: NdArray = { dtype: "float32", shape: [6, 16], data: new Float32Array(96) };
    const stored = [...weights, ["tok_embeddings.weight", table], ["output.weight", table]] as const;
    const files = new Map([
      ["vermeer_B.ckpt", torchCheckpoint(stored as never, { wrap: ["model"] })],
      ["config.json", config],
    ]);
    const loaded = await loadAs("vermeer", memoryFolder(files));
    expect(new Map([...loaded.weights].sort())).toEqual(new Map([...weights].sort()));
  });

  it("comes back from the files that it is saved to", async () => {
    expect(await loadAs("vermeer", memoryFolder(savePretrained(model)))).toEqual(model);
  });

  it("without the vector of no protein is refused by name", async () => {
    const fewer = [...weights].filter(([name]) => name !== "cls_embedding.uncond_embedding");
    const files = new Map([
      ["vermeer_B.ckpt", torchCheckpoint(fewer)],
      ["config.json", config],
    ]);
    await expect(loadPretrained(memoryFolder(files))).rejects.toThrow(
      /1 missing \(cls_embedding.uncond_embedding \[1, 5\]\)/,
    );
  });

  it("runs on tokens and one vector per protein", async () => {
    const ids: NdArray = { dtype: "int64", shape: [1, 3], data: BigInt64Array.of(6n, 0n, 5n) };
    const outputs = await runPretrained(
      runtime,
      model,
      new Map([
        ["input_ids", ids],
        ["embeddings", embeddings],
      ]),
    );
    expect(outputs.get("logits")!.shape).toEqual([1, 4, 11]);
  });
});

describe("generation", () => {
  it("with guidance of 1 is that without, and stops where the signal aborts", async () => {
    const generate = (more: object) =>
      generateVermeerTokens(runtime, model, {
        ...{ embeddings, prefix: [[]], count: 6, choose: greedyToken },
        ...more,
      });
    const plain = await generate({});
    expect(plain[0]).toHaveLength(6);
    expect(await generate({ guidance: { scale: 1 } })).toEqual(plain);
    const controller = new AbortController();
    const running = generate({ signal: controller.signal, onToken: () => controller.abort() });
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
  });

  it("refuses rows of different lengths, and more tokens than a cell has", async () => {
    const condition: NdArray = { dtype: "float32", shape: [2, 1, 16], data: new Float32Array(32).fill(0.1) };
    const decoder = await openVermeerDecoder(runtime, model, condition);
    await expect(decoder.read([[1], [1, 2]])).rejects.toThrow(/2 rows of tokens of one length/);
    await decoder.read([Array(10).fill(0), Array(10).fill(1)]);
    await expect(decoder.read([Array(9).fill(0), Array(9).fill(0)])).rejects.toThrow(/16 positions at most/);
    await decoder.close();
  });
});
