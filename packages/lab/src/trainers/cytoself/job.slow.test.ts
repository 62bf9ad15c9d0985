import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPng } from "@proteoscope/formats";
import { loadPretrained } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checkConfig, readConfig } from "../../config/compose.ts";
import { cropRow, writeAtlas } from "../../testing/atlas-fixture.ts";
import { expectSameCheckpoint, tensorsOf, trainRun, validationOf } from "../../testing/training-run.ts";
import { cytoselfSchema } from "./config.ts";

vi.setConfig({ testTimeout: 180_000 });

// Two proteins of one field each, one in the nucleus and one around it, and cells of unknown proteins.
const crops = Array.from({ length: 20 }, (_, index) => {
  const primary = index % 2 === 0 ? "nucleoplasm" : "cytoplasm";
  const gene = index < 16 ? (index % 2 === 0 ? "NPM1" : "ACTB") : "";
  const place = { FOV_id: gene === "" ? `field${index}` : gene, split_image: index < 18 ? "train" : "val" };
  return { ...cropRow, index, primary, gene, compartments: `${primary}:1`, ...place };
});

// A network as small as it gets, trained for as long as it needs to distinguish the two.
const config = {
  model: {
    encoder_args: [
      {
        stochastic_depth_prob: 0,
        blocks_args: [
          { expand_ratio: 1, kernel: 3, stride: 2, input_channels: 8, out_channels: 8, num_layers: 1 },
        ],
      },
      {
        stochastic_depth_prob: 0.2,
        blocks_args: [
          { expand_ratio: 2, kernel: 3, stride: 2, input_channels: 8, out_channels: 8, num_layers: 2 },
        ],
      },
    ],
    vq_args: { num_embeddings: 16, embedding_dim: 8 },
    fc_output_idx: [2],
    fc_args: { num_layers: 2, num_features: 16, dropout_rate: 0.1 },
  },
  loss: { vq_coeff: 1, fc_coeff: 1 },
  data: {
    ...{ batch_size: 8, compartment_balance: 0.5, source_balance: 0, validation_count: 2 },
    ...{ blend_share: { start: 0, end: 0 }, protein_share: 0.75, validation_share: 0.25 },
  },
  train: {
    ...{ steps: 60, learning_rate: 0.01, warmup_steps: 3, average_decay: 0.8 },
    ...{ log_every: 5, validate_every: 60, checkpoint_every: 4 },
  },
};

let folder: string;
let atlas: Awaited<ReturnType<typeof writeAtlas>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cytoself-"));
  atlas = await writeAtlas({ crops });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await atlas.remove();
});

const train = (name: string, overrides: readonly string[] = [], killAt?: number, on = atlas.path) =>
  trainRun({ trainer: "cytoself", config, atlas: on, folder }, name, { overrides, killAt });

describe("the presets of cytoself", () => {
  for (const preset of ["mini", "paper"])
    it(`${preset} is a configuration`, async () => {
      const file = new URL(`../../../../../configs/train/cytoself.${preset}.yaml`, import.meta.url).pathname;
      const { model, train } = checkConfig(cytoselfSchema, await readConfig(file));
      expect(model.channels).toEqual(["protein", "nucleus"]);
      expect(model.encoderArgs === undefined).toBe(preset === "paper"); // the published encoders
      expect(train.steps).toBeGreaterThan(1000);
    });
});

describe("train cytoself", () => {
  it("learns to reconstruct images and to name their proteins, on images that it does not learn from", async () => {
    const { progress, path } = await train("whole");
    const [first, last] = [progress[0]!.scores, progress.at(-1)!.scores];
    expect(last["loss.cytoself"]).toBeLessThan(0.3 * first["loss.cytoself"]!);
    expect(last.reconstruction1).toBeLessThan(0.3 * first.reconstruction1!);
    expect(last.classification1).toBeLessThan(0.5 * first.classification1!);
    const scores = await validationOf(path);
    expect(scores.accuracy).toBe(1);
    expect(scores.macroRecall).toBe(1);
    expect(scores.reconstructionError).toBeLessThan(0.5);
    for (const level of [1, 2]) {
      const [use, perplexity] = ["codebookUse", "perplexity"].map((name) => scores[`${name}${level}`]!);
      expect(use).toBeGreaterThanOrEqual(2 / 16);
      expect(use).toBeLessThanOrEqual(1);
      expect(perplexity).toBeGreaterThan(1);
      expect(perplexity).toBeLessThanOrEqual(16 * use! + 1e-6);
    }
  });

  it("leaves a network that loads, with its classes and what was measured, and a picture", async () => {
    const path = join(folder, "whole");
    const model = await loadPretrained(openFolder(join(path, "model", "cytoself")));
    expect(model).toMatchObject({
      architecture: "cytoself",
      config: { inputShape: [2, 16, 16], numClass: 2, vqArgs: { numEmbeddings: 16 } },
    });
    const stored = JSON.parse(await readFile(join(path, "model/cytoself/config.json"), "utf8"));
    expect(stored.proteoscope).toMatchObject({ labels: ["ACTB", "NPM1"], channels: ["protein", "nucleus"] });
    expect(stored.proteoscope.image_variance).toBeGreaterThan(0);
    expect(stored.proteoscope.distance_scale).toBeGreaterThan(1);
    expect(await readdir(join(path, "samples"))).toEqual(["step-60.png"]);
    const { width, height } = readPng(await readFile(join(path, "samples", "step-60.png")));
    // Six validated crops (two of each protein, two unknown): protein and nucleus, each with its reconstruction.
    expect([width, height]).toEqual([4 * 18 - 2, 6 * 18 - 2]);
  });

  it("continues after a kill bit for bit, statistics of the batches included", async () => {
    const overrides = ["train.steps=7"];
    const { path } = await train("uninterrupted", overrides);
    const killed = await train("killed", overrides, 6);
    const names = [...(await tensorsOf(path, "checkpoints", "step-7.safetensors")).keys()];
    expect(names.some((name) => name.startsWith("buffers.decoders."))).toBe(true);
    await expectSameCheckpoint(path, killed.path, 7);
  });

  it("begins with the weights of an earlier run, and takes the distance as a channel where it is configured", async () => {
    const from = `train.start_from=${join(folder, "whole", "model")}`;
    const { progress } = await train("continued", ["train.steps=1", from]);
    expect(progress[0]!.scores.classification1).toBeLessThan(0.4);
    const distances = ["model.channels=[protein, nucleus, distance]", "train.steps=1"];
    const { path } = await train("distances", distances);
    const model = await loadPretrained(openFolder(join(path, "model", "cytoself")));
    expect(model.config).toMatchObject({ inputShape: [3, 16, 16] });
    await expect(train("misfit", [...distances, from])).rejects.toThrow(
      /train\.start_from: .*give the model section/,
    );
  });

  it("refuses a network that could not be loaded again, by the name of the key", async () => {
    await expect(train("unloadable", ["model.fc_output_idx=[3]"])).rejects.toThrow(
      /^model: fc_output_idx: names a level that encoder_args does not have/,
    );
  });

  it("refuses an atlas without a known protein", async () => {
    const unknown = await writeAtlas({ crops: crops.map((row) => ({ ...row, gene: "" })) });
    try {
      await expect(train("unknown", [], undefined, unknown.path)).rejects.toThrow(/no crop has a gene/);
    } finally {
      await unknown.remove();
    }
  });
});
