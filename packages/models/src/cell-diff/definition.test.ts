import { float32, initializeWeights, type NdArray, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { autoencoderKlDefinition } from "../autoencoder-kl/definition.ts";
import { type AutoencoderKlConfig, autoencoderKlDefaults } from "../autoencoder-kl/network.ts";
import { formatConfig, type Json, parseConfig } from "../checkpoints/config-json.ts";
import { parametersOf } from "../checkpoints/declared-parameters.ts";
import { memoryFolder } from "../checkpoints/file-source.ts";
import { recognizeNames } from "../checkpoints/recognize.ts";
import { fairEsmStateDict } from "../esm2/names.ts";
import { esm2Config } from "../esm2/network.ts";
import { loadAs, loadPretrained } from "../pretrained/load.ts";
import { savePretrained } from "../pretrained/save.ts";
import { networks } from "../registry.ts";
import { bareStateDict, inferredConfig } from "../testing/bare-state-dict.ts";
import { torchCheckpoint } from "../testing/torch-checkpoint.ts";
import { cellDiffDefaults, cellDiffDefinition, cellDiffFormat } from "./definition.ts";
import {
  cellDiffCondition,
  decodeCellDiff,
  encodeCellDiff,
  openCellDiff,
  sampleCellDiff,
} from "./generate.ts";
import type { CellDiffConfig } from "./network.ts";
import { cellDiffSchedule, type Respacing } from "./schedule.ts";
import { cellDiffMaskId, cellDiffTokens, tokenizeCellDiff } from "./tokenizer.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const tiny: CellDiffConfig = {
  ...cellDiffDefaults,
  numStains: 2,
  sampleSize: 4,
  latentChannels: 2,
  blockOutChannels: [4, 8],
  layersPerBlock: 1,
  normNumGroups: 2,
  unetAttentionHeads: 2,
  hiddenSize: 16,
  numHiddenLayers: 1,
  numAttentionHeads: 2,
  maxTokens: 12,
  esm: esm2Config({ numHiddenLayers: 1, hiddenSize: 16, numAttentionHeads: 2 }),
};
const weights = initializeWeights(parametersOf(cellDiffDefinition, { config: tiny, weights: new Map() }), 3);
// What has no effect on stored weights comes back as the format has it.
const asRead = (config: CellDiffConfig) =>
  parseConfig(cellDiffFormat, JSON.parse(JSON.stringify(stored(config))), "x");
const stored = (config: CellDiffConfig): Json => formatConfig(cellDiffFormat, config);
const prefix = "net.protein_sequence_embedding.model.";

describe("the configuration of CELL-Diff", () => {
  it("comes back from its file as it was", () => {
    expect(asRead(cellDiffDefaults)).toEqual(cellDiffDefaults);
  });

  it.each([
    [
      "a width that is not four times the first level",
      { hidden_size: 1281 },
      /hidden_size: must be four times/,
    ],
    ["more stains than there are", { num_stains: 4 }, /num_stains: /],
    ["another model", { model_type: "cell-diff-v1" }, /model_type is "cell-diff-v1"/],
  ])("is refused by name for %s", (_, changes, message) => {
    expect(() => parseConfig(cellDiffFormat, { ...stored(cellDiffDefaults), ...changes }, "x")).toThrow(
      message,
    );
  });
});

describe("a checkpoint of CELL-Diff", () => {
  it("is recognised before ESM2, which it has inside, and shows all sizes", () => {
    const bare = bareStateDict(cellDiffDefinition, cellDiffDefaults);
    expect(recognizeNames(networks, bare, "x").name).toBe("cell-diff");
    const inferred = inferredConfig(cellDiffDefinition, bare);
    const { hiddenDropoutProb: _, ...esm } = inferred.esm;
    expect({ ...inferred, esm: { ...esm, hiddenDropoutProb: 0 } }).toEqual(cellDiffDefaults);
  });

  it("of another width needs a configuration", () => {
    expect(() => inferredConfig(cellDiffDefinition, bareStateDict(cellDiffDefinition, tiny))).toThrow(
      /numbers of attention heads cannot be inferred for a width of 16/,
    );
  });

  it("in fair-esm's names, with heads that are not used, below module, loads as it was", async () => {
    const inside = [...weights].flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
    );
    const own = [...weights].filter(([name]) => !name.startsWith(prefix));
    const heads = new Map<string, NdArray>([
      ["lm_head.weight", float32([33, 16], new Float32Array(528))],
      ["contact_head.regression.weight", float32([1, 2], new Float32Array(2))],
    ]);
    const esm = [...fairEsmStateDict(new Map(inside), 8), ...heads].map(
      ([name, value]) => [prefix + name, value] as const,
    );
    const files = new Map([
      ["hpa.pth", torchCheckpoint([...own, ...esm], { wrap: ["module"] })],
      ["config.json", new TextEncoder().encode(JSON.stringify(stored(tiny)))],
    ]);
    const loaded = await loadAs("cell-diff", memoryFolder(files));
    expect(new Map([...loaded.weights].sort())).toEqual(new Map([...weights].sort()));
  });

  it("without its placeholder is refused by name, where the original's loader would go on", async () => {
    const model = { architecture: "cell-diff", config: tiny, weights } as const;
    const files = new Map(savePretrained(model));
    expect((await loadAs("cell-diff", memoryFolder(files))).weights.size).toBe(weights.size);
    const fewer = [...weights].filter(([name]) => name !== "cell_img_placeholder");
    files.delete("model.safetensors");
    files.set("hpa.pth", torchCheckpoint(fewer));
    await expect(loadPretrained(memoryFolder(files))).rejects.toThrow(
      /1 missing \(cell_img_placeholder \[4, 4\]\)/,
    );
  });
});

describe("the tokens of CELL-Diff", () => {
  it("are those of ESM2 but for the mask, which is 31", () => {
    expect([cellDiffTokens.length, cellDiffMaskId]).toEqual([32, 31]);
    expect(tokenizeCellDiff("MK <mask>.-X")).toEqual([0, 20, 15, 31, 29, 30, 24, 2]);
  });

  it.each(["J", "*", "mk", "<null_1>"])("refuse %s", (text) => {
    expect(() => tokenizeCellDiff(text)).toThrow(/is unknown/);
  });
});

describe("the schedule of CELL-Diff", () => {
  it("takes every second step for ddim100, and spreads 4 to the last", () => {
    expect(cellDiffSchedule("ddim100").timesteps.slice(-2)).toEqual([196, 198]);
    expect(cellDiffSchedule("4").timesteps).toEqual([0, 66, 133, 199]);
  });

  it.each(["ddim30", "ddim0", "0", "201"] as Respacing[])("refuses %s", (respacing) => {
    expect(() => cellDiffSchedule(respacing)).toThrow(RangeError);
  });
});

describe("generation by CELL-Diff", () => {
  const network = { config: tiny, weights };
  const vaeConfig: AutoencoderKlConfig = {
    ...autoencoderKlDefaults,
    ...{ inChannels: 1, outChannels: 1, latentChannels: 2 },
    ...{ blockOutChannels: [4, 4, 4], layersPerBlock: 1, normNumGroups: 2 },
  };
  const autoencoder = {
    config: vaeConfig,
    weights: initializeWeights(
      parametersOf(autoencoderKlDefinition, { config: vaeConfig, weights: new Map() }),
      5,
    ),
  };
  const latent = float32(
    [1, 2, 4, 4],
    Float32Array.from({ length: 32 }, (_, i) => Math.sin(i)),
  );

  it("goes from pictures to latents to a picture in [0, 1], one step after the other", async () => {
    const picture = float32(
      [1, 1, 16, 16],
      Float32Array.from({ length: 256 }, (_, i) => Math.sin(i)),
    );
    const nucleus = await encodeCellDiff(runtime, autoencoder, picture, latent);
    expect(nucleus.shape).toEqual([1, 2, 4, 4]);
    const steps: number[] = [];
    const sample = await sampleCellDiff(runtime, network, {
      ...{ tokens: tokenizeCellDiff("MKTAYIAK"), cell: cellDiffCondition(network, [nucleus]), noise: latent },
      ...{ respacing: "ddim10", onStep: (done: number) => steps.push(done) },
    });
    expect(steps).toHaveLength(10);
    const made = await decodeCellDiff(runtime, autoencoder, sample);
    expect(made.shape).toEqual([1, 1, 16, 16]);
    expect((made.data as Float32Array).every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  it("stops where the signal aborts, and needs a sequence before a step", async () => {
    const cell = cellDiffCondition(network, [latent, latent]);
    const running = sampleCellDiff(runtime, network, {
      ...{ tokens: [0, 5, 2], cell, noise: latent, signal: AbortSignal.abort() },
    });
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    const stepper = await openCellDiff(runtime, network, { tokens: 3, height: 4, width: 4 });
    await expect(stepper.step(latent, cell, 0)).rejects.toThrow(/read a sequence/);
    await stepper.close();
  });

  it("has placeholders for latents of the training size alone, and none for the nucleus", () => {
    const larger = float32([1, 2, 8, 8], new Float32Array(128));
    expect(() => cellDiffCondition(network, [larger])).toThrow(/fits latents of 4x4 alone/);
    expect(() => cellDiffCondition(network, [undefined, latent])).toThrow(/nucleus are needed/);
    expect(cellDiffCondition(network, [larger, larger]).shape).toEqual([1, 4, 8, 8]);
  });
});
