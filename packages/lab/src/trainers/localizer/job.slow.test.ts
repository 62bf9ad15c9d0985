import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initializeWeights } from "@proteoscope/engine";
import { declareParameters, esm2Config, loadLora, type Pretrained } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checkConfig, readConfig } from "../../config/compose.ts";
import { writeAtlas } from "../../testing/atlas-fixture.ts";
import { expectSameCheckpoint, tensorsOf, trainRun, validationOf } from "../../testing/training-run.ts";
import { networkFiles } from "../../training/model-files.ts";
import { localizerSchema } from "./config.ts";

vi.setConfig({ testTimeout: 120_000 });

// A language model that was never trained: its embeddings still differ between residues.
const config = esm2Config({
  hiddenSize: 16,
  numHiddenLayers: 1,
  numAttentionHeads: 2,
  initializerRange: 0.3,
});
const untrained: Pretrained = { architecture: "esm2", config, weights: new Map() };
const weights = initializeWeights(declareParameters(untrained), 1);

let folder: string;
let atlas: Awaited<ReturnType<typeof writeAtlas>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "localizer-"));
  atlas = await writeAtlas();
  await mkdir(join(folder, "lm", "plm"), { recursive: true });
  for (const [path, content] of networkFiles("plm", { architecture: "esm2", config, weights }))
    await writeFile(join(folder, "lm", path), content);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await atlas.remove();
});

const onBottleneck = {
  bottleneck: { hidden_size: 16, num_layers: 1, num_heads: 2, feed_forward_size: 16, dropout: 0.05 },
};
const onLora = { lora: { r: 2, lora_alpha: 4, lora_dropout: 0.1, target_modules: ["query", "value"] } };

async function run(
  name: string,
  model: object,
  steps: number,
  overrides: readonly string[] = [],
  killAt?: number,
) {
  const config = {
    models: { plm: join(folder, "lm") },
    model,
    data: {
      ...{ lengths: [32, 64], batch_size: 8, validation_count: 12 },
      ...{ weight_of_human: 1, weight_of_opencell: 1 },
    },
    loss: { max_positive_weight: 2 },
    train: {
      ...{ steps, learning_rate: 0.02, warmup_steps: 3, average_decay: 0.8 },
      ...{ log_every: 5, validate_every: steps, checkpoint_every: 4 },
    },
  };
  const setup = { trainer: "localizer", config, atlas: atlas.path, folder } as const;
  const { path, progress } = await trainRun(setup, name, { overrides, killAt });
  return { path, losses: progress.map(({ scores }) => scores["loss.localizer"]!) };
}

describe("train localizer", () => {
  it("learns two compartments by a bottleneck on cached embeddings, and leaves a head", async () => {
    const { path, losses } = await run("bottleneck", onBottleneck, 100, ["train.learning_rate=0.01"]);
    expect(losses.at(-1)).toBeLessThan(0.15 * losses[0]!);
    const scores = await validationOf(path);
    expect(scores.macroAveragePrecision).toBeGreaterThan(0.8);
    expect(scores["averagePrecision.any nucleus"]).toBeGreaterThan(0.8);
    // What calls everything has an F1 of 2/3, a correlation of 0 and an index of 1/2.
    expect(scores.macroF1).toBeGreaterThan(0.7);
    expect(scores["matthews.any cytoplasm"]).toBeGreaterThan(0.3);
    expect(scores.jaccard).toBeGreaterThan(0.6);
    const head = JSON.parse(await readFile(join(path, "model/localizer/config.json"), "utf8"));
    expect(head).toMatchObject({ window_residues: 62, bottleneck: { hidden_size: 16, result: "full" } });
    const names = [...(await tensorsOf(join(path, "model/localizer/model.safetensors"))).keys()];
    expect(names).toContain("esm_bottleneck.projection.weight");
    expect(names.filter((name) => !/^(esm_bottleneck|prediction_head)\./.test(name))).toEqual([]);
  });

  it("learns them by adapting the language model, and leaves an adapter that fits it", async () => {
    const { path, losses } = await run("lora", onLora, 80);
    expect(losses.at(-1)).toBeLessThan(0.1 * losses[0]!);
    const scores = await validationOf(path);
    for (const name of ["macroAveragePrecision", "macroF1", "macroMatthews", "jaccard"])
      expect(scores[name], name).toBeGreaterThan(0.8);
    const adapter = await loadLora(openFolder(join(path, "model", "lora")), weights);
    expect(adapter.config).toMatchObject({ r: 2, loraAlpha: 4 });
    const second = adapter.weights.get(
      "base_model.model.esm.encoder.layer.0.attention.self.query.lora_B.weight",
    );
    expect(second!.data.some((value) => value !== 0)).toBe(true);
    const trained = await tensorsOf(join(path, "checkpoints", "step-80.safetensors"));
    expect([...trained.keys()].some((name) => name.includes(".esm.encoder") && !name.includes("lora_"))).toBe(
      false,
    );
  });

  it.each([
    ["on cached embeddings", onBottleneck, []],
    [
      "with an adapter, summed batches and changed sequences",
      { ...onBottleneck, ...onLora },
      ["train.accumulate=2", "augment.deleted_residues=2", "augment.hidden_share=0.3"],
    ],
  ])("continues after a kill bit for bit, %s", async (what, model, overrides) => {
    const whole = await run(`whole ${what}`, model, 6, overrides);
    const killed = await run(`killed ${what}`, model, 6, overrides, 5);
    await expectSameCheckpoint(whole.path, killed.path, 6);
  });

  it("begins with the weights of an earlier run", async () => {
    const overrides = [`train.start_from=${join(folder, "lora", "model")}`, "train.learning_rate=1e-6"];
    const { path } = await run("continued", onLora, 1, overrides);
    const before = await validationOf(join(folder, "lora"));
    const after = await validationOf(path);
    expect(after.macroAveragePrecision).toBeCloseTo(before.macroAveragePrecision!, 3);
    const others = {
      "no adapter": [onBottleneck, /train\.start_from: .* adapts its language model: give model\.lora/],
      "another rank": [
        { lora: { ...onLora.lora, r: 3 } },
        /train\.start_from: .* has localizer\.base_model\.model\..*lora_A\.weight \[2,16\], this network \[3,16\]/,
      ],
    } as const;
    for (const [name, [model, message]] of Object.entries(others))
      await expect(run(name, model, 1, overrides)).rejects.toThrow(message);
  });
});

describe("the folds of the localizer", () => {
  it("are refused where the held-out partition would be validated on", async () => {
    await expect(run("one", {}, 1, ["data.test_partition=3"])).rejects.toThrow(
      /data\.test_partition and data\.calibration_partition are the same/,
    );
  });
});

describe("the presets of the localizer", () => {
  it.each(["mini", "mini-lora", "paper", "paper-lora"])("%s is a configuration of it", async (preset) => {
    const file = new URL(`../../../../../configs/train/localizer.${preset}.yaml`, import.meta.url).pathname;
    const read = await readConfig(file);
    const { model, data, train } = checkConfig(localizerSchema, { ...read, models: { plm: "plm" } }, file);
    expect(model.lora === null).toBe(model.bottleneck !== null);
    expect(data.batchSize * train.accumulate).toBe(
      { mini: 32, "mini-lora": 16, paper: 256, "paper-lora": 32 }[preset],
    );
  });
});
