import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadPretrained } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checkConfig, readConfig } from "../../config/compose.ts";
import { writeAtlas } from "../../testing/atlas-fixture.ts";
import { expectSameCheckpoint, tensorsOf, trainRun, validationOf } from "../../testing/training-run.ts";
import { autoencoderSchema } from "./config.ts";

vi.setConfig({ testTimeout: 180_000 });

let folder: string;
let atlas: Awaited<ReturnType<typeof writeAtlas>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "autoencoder-"));
  atlas = await writeAtlas();
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await atlas.remove();
});

const config = {
  model: { latent_channels: 2, block_out_channels: [8, 8, 8], layers_per_block: 1, norm_num_groups: 2 },
  loss: {
    ...{ pixel_weight: 1, perceptual_weight: 0, kl_weight: 1e-6, discriminator_weight: 0.1 },
    ...{ discriminator: { base_channels: 4, layers: 1 }, adversarial_start: 30 },
  },
  data: {
    ...{ batch_size: 4, compartment_balance: 0.5, source_balance: 0, validation_count: 4 },
    blend_share: { start: 0, end: 0 },
  },
  train: {
    ...{ steps: 40, learning_rate: 0.01, warmup_steps: 3, average_decay: 0.8 },
    ...{ log_every: 5, validate_every: 40, checkpoint_every: 4 },
  },
};
const train = (name: string, overrides: readonly string[] = [], killAt?: number) =>
  trainRun({ trainer: "autoencoder", config, atlas: atlas.path, folder }, name, { overrides, killAt });

describe("train autoencoder", () => {
  it("learns to reconstruct, and its discriminator begins to learn when it is due", async () => {
    const { progress, path } = await train("whole");
    expect(progress.at(-1)!.scores.reconstructionLoss).toBeLessThan(
      0.5 * progress[0]!.scores.reconstructionLoss!,
    );
    expect(progress[29]!.scores["loss.discriminator"]).toBe(0);
    expect(progress[30]!.scores["loss.discriminator"]).toBeGreaterThan(0);
    expect((await validationOf(path)).psnrNucleus).toBeGreaterThan(10);
    const model = await loadPretrained(openFolder(join(path, "model", "vae")));
    expect(model).toMatchObject({ architecture: "autoencoder", config: { latentChannels: 2 } });
    expect(await readdir(join(path, "samples"))).toEqual(["step-40.png"]);
  });

  it("continues after a kill bit for bit, statistics of the discriminator included", async () => {
    const overrides = ["train.steps=7", "loss.adversarial_start=2"];
    const [whole, killed] = [await train("seven", overrides), await train("killed", overrides, 6)];
    const names = [...(await tensorsOf(whole.path, "checkpoints/step-7.safetensors")).keys()];
    expect(names.some((name) => name.startsWith("buffers."))).toBe(true);
    await expectSameCheckpoint(whole.path, killed.path, 7);
  });

  it("trains on pixels alone, without a discriminator, where that has weight 0", async () => {
    const overrides = ["loss.discriminator_weight=0", "loss.squared_weight=4", "train.steps=7"];
    const { progress, path } = await train("pixels", overrides);
    const killed = await train("pixels-killed", overrides, 6);
    const isAdversarial = (name: string) => /discriminator|adversarial/.test(name);
    expect(Object.keys(progress[0]!.scores).filter(isAdversarial)).toEqual([]);
    const names = [...(await tensorsOf(path, "checkpoints/step-7.safetensors")).keys()];
    expect(names.filter(isAdversarial)).toEqual([]);
    await expectSameCheckpoint(path, killed.path, 7);
  });

  it("trains the decoder alone on the latents of an earlier run", async () => {
    const start = `train.start_from=${join(folder, "whole", "model")}`;
    const overrides = ["trained=decoder", start, "loss.adversarial_start=2", "train.steps=7"];
    await train("decoder", overrides);
    await train("decoder-killed", overrides, 6);
    const weightsOf = async (run: string) =>
      (await loadPretrained(openFolder(join(folder, run, "model", "vae")))).weights;
    const [before, whole, killed] = [
      await weightsOf("whole"),
      await weightsOf("decoder"),
      await weightsOf("decoder-killed"),
    ];
    expect([...killed.keys()]).toEqual([...before.keys()]);
    for (const [name, { data }] of killed) {
      expect(data, name).toEqual(whole.get(name)!.data);
      const isSame = data.every((value, i) => value === before.get(name)!.data[i]);
      expect(isSame, name).toBe(/^(encoder|quant_conv)\./.test(name));
    }
  });

  it("needs an encoder where the decoder alone is trained, and the perceptual network where it counts", async () => {
    await expect(train("no-encoder", ["trained=decoder"])).rejects.toThrow(/train\.start_from/);
    await expect(train("no-lpips", ["loss.perceptual_weight=1"])).rejects.toThrow(
      /loss\.perceptual_file is missing/,
    );
  });

  it("has a preset", async () => {
    const file = new URL("../../../../../configs/train/autoencoder.mini.yaml", import.meta.url).pathname;
    expect(checkConfig(autoencoderSchema, await readConfig(file), file).model.latentChannels).toBe(4);
  });
});
