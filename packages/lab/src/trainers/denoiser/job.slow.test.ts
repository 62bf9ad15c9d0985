import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadPipeline } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checkConfig, readConfig } from "../../config/compose.ts";
import { writeAtlas } from "../../testing/atlas-fixture.ts";
import { writeAutoencoder, writeSequenceModel } from "../../testing/finished-networks.ts";
import {
  expectSameCheckpoint,
  type RunOptions,
  tensorsOf,
  trainRun,
  validationOf,
} from "../../testing/training-run.ts";
import { diffusionSchema } from "./config.ts";

vi.setConfig({ testTimeout: 180_000 });

let folder: string;
let atlas: Awaited<ReturnType<typeof writeAtlas>>;
let models: object;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "diffusion-"));
  atlas = await writeAtlas();
  models = {
    plm: await writeSequenceModel(join(folder, "lm")),
    autoencoder: await writeAutoencoder(join(folder, "ae")),
  };
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await atlas.remove();
});

const train = (name: string, options: RunOptions = {}) => {
  const config = {
    models,
    model: {
      ...{ block_out_channels: [8, 16], blocks: ["plain", "attention"], layers_per_block: 1 },
      ...{ attention_heads: 2, norm_num_groups: 4 },
    },
    conditioning_dropout: 0.2,
    data: {
      ...{ batch_size: 4, compartment_balance: 0.5, source_balance: 0, validation_count: 4 },
      blend_share: { start: 0, end: 0 },
    },
    train: {
      ...{ steps: 40, learning_rate: 0.01, warmup_steps: 3, average_decay: 0.8 },
      ...{ log_every: 5, validate_every: 40, checkpoint_every: 4 },
    },
  };
  return trainRun({ trainer: "diffusion", config, atlas: atlas.path, folder }, name, options);
};

describe("train diffusion", () => {
  it("learns on finished networks and leaves a whole pipeline with what it measured", async () => {
    const { progress, path } = await train("whole");
    const mean = (from: number, to: number) =>
      progress.slice(from, to).reduce((sum, { scores }) => sum + scores["loss.diffusion"]! / (to - from), 0);
    expect(mean(30, 40)).toBeLessThan(0.9 * mean(0, 5));
    expect((await validationOf(path)).lossOfOthers).toBeGreaterThan(0);
    const { index, unet } = await loadPipeline(openFolder(join(path, "model")));
    expect(unet.config).toMatchObject({ sampleSize: 8, inChannels: 5, crossAttentionDim: 16 });
    expect(index.proteoscope).toMatchObject({
      ...{ crop_pixels: 16, window_residues: 62, pixel_size_microns: 0.4126 },
    });
    expect((index.proteoscope as Record<string, number>).latent_scale).toBeGreaterThan(0);
    expect(await readdir(join(path, "samples"))).toEqual(["step-40.png"]);
    expect(await readdir(join(path, "model", "localization"))).toHaveLength(2);
  });

  it("begins with the weights of an earlier run, and with its condition", async () => {
    const earlier = join(folder, "whole", "model");
    const begin = [`train.start_from=${earlier}`, "train.steps=1", "train.learning_rate=1.0e-12"];
    const { path } = await train("longer", { overrides: [...begin, "train.seed=7"] });
    for (const file of ["condition/model.safetensors", "unet/diffusion_pytorch_model.safetensors"]) {
      const [before, after] = [await tensorsOf(earlier, file), await tensorsOf(path, "model", file)];
      for (const [name, { data }] of before)
        for (const [i, value] of (data as Float32Array).entries())
          expect((after.get(name)!.data as Float32Array)[i]!).toBeCloseTo(value, 5);
    }
  });

  it("continues after a kill bit for bit", async () => {
    const overrides = ["train.steps=6"];
    const [whole, killed] = [
      await train("six", { overrides }),
      await train("killed", { overrides, killAt: 5 }),
    ];
    await expectSameCheckpoint(whole.path, killed.path, 6);
  });

  it("has a preset", async () => {
    const file = new URL("../../../../../configs/train/diffusion.mini.yaml", import.meta.url).pathname;
    const given = { ...(await readConfig(file)), models: { plm: "plm", autoencoder: "autoencoder" } };
    expect(checkConfig(diffusionSchema, given, file).prediction).toBe("v_prediction");
  });
});
