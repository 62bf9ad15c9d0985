import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { fixtureSide, writeAtlas } from "../../testing/atlas-fixture.ts";
import { resumeTraining, startTraining } from "../../train.ts";
import type { TrainerName } from "../../trainers/index.ts";
import type { TrainingProgress } from "../../training/loop.ts";
import { measureImages } from "../atlas/image-statistics.ts";
import { createImageBatches } from "../batches/image-batches.ts";
import { openTrainingImages } from "../batches/training-images.ts";
import { readNucleusPictures } from "./nucleus-pictures.ts";
import { simulateDataSet } from "./simulate-data-set.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

let folder: string;
let atlas: Awaited<ReturnType<typeof writeAtlas>>;
const count = 24;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "simulated-"));
  atlas = await writeAtlas();
  const pictures = await readNucleusPictures(atlas.path);
  const request = { pictures, output: folder, count, seed: 1, pixelSizeMicrons: 0.4126, madeBy: "test" };
  await simulateDataSet(request, { signal: new AbortController().signal });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await atlas.remove();
});

const images = {
  ...{ batchSize: 4, compartmentBalance: 0.5, sourceBalance: 0, rules: [], validationCount: 4 },
  blendShare: { start: 0, end: 0 },
};

describe("openTrainingImages", () => {
  it("adds simulated crops to what is learned from, with their own pixels, and to nothing else", async () => {
    const plain = await openTrainingImages(atlas.path, images);
    const both = await openTrainingImages(atlas.path, {
      ...{ ...images, simulated: folder },
      simulatedShare: { start: 0.5, end: 0 },
    });
    expect(both.training.slice(0, plain.training.length)).toEqual(plain.training);
    expect(both.training).toHaveLength(plain.training.length + count);
    expect(both.validation).toEqual(plain.validation);
    const [first] = both.training.slice(plain.training.length);
    const simulated = readFile(join(folder, "crops.npy"));
    const row = (await simulated).subarray(-count * fixtureSide ** 2 * 3);
    const { data } = await both.pixels.read(first!.index);
    const bytes = Array.from(data.subarray(0, fixtureSide ** 2), (value) => Math.round(255 * value));
    expect(bytes).toEqual(Array.from(row.subarray(0, fixtureSide ** 2)));
  });

  it("refuses half an instruction, shares above 1, and crops that are not simulated", async () => {
    const share = { start: 0.5, end: 0.5 };
    await expect(openTrainingImages(atlas.path, { ...images, simulated: folder })).rejects.toThrow(
      /go together/,
    );
    const blends = { ...images, blendShare: { start: 0.6, end: 0 } };
    await expect(
      openTrainingImages(atlas.path, { ...blends, simulated: folder, simulatedShare: share }),
    ).rejects.toThrow(/start are above 1 together/);
    await expect(
      openTrainingImages(atlas.path, { ...images, simulated: atlas.path, simulatedShare: share }),
    ).rejects.toThrow(/source "gallery"/);
  });
});

describe("createImageBatches", () => {
  const options = { ...images, sourceBalance: 0.3, seed: 1, totalSteps: 10 };

  it("shows the crops of a run without simulated cells where their share is 0", async () => {
    const plain = await openTrainingImages(atlas.path, images);
    const simulatedShare = { start: 0, end: 0 };
    const both = await openTrainingImages(atlas.path, { ...images, simulated: folder, simulatedShare });
    const shown = createImageBatches(plain.training, plain.pixels, options);
    const shownOfBoth = createImageBatches(both.training, both.pixels, { ...options, simulatedShare });
    for (const step of [0, 5]) expect(await shownOfBoth(step)).toEqual(await shown(step));
  });

  it("shows simulated cells alone where their share is 1", async () => {
    const simulatedShare = { start: 1, end: 1 };
    const both = await openTrainingImages(atlas.path, { ...images, simulated: folder, simulatedShare });
    const batch = await createImageBatches(both.training, both.pixels, { ...options, simulatedShare })(3);
    expect(batch.map(({ crop }) => crop.source)).toEqual(Array(4).fill("simulated"));
  });

  it("measures scales on real cells alone", async () => {
    const simulatedShare = { start: 1, end: 1 };
    const plain = await openTrainingImages(atlas.path, images);
    const both = await openTrainingImages(atlas.path, { ...images, simulated: folder, simulatedShare });
    expect(await measureImages(both.training, both.pixels)).toEqual(
      await measureImages(plain.training, plain.pixels),
    );
  });
});

const loop = { steps: 6, learning_rate: 0.01, warmup_steps: 1, average_decay: 0.8 };
const train = { ...loop, log_every: 1, validate_every: 6, checkpoint_every: 4 };
const data = () => ({
  ...{ batch_size: 4, compartment_balance: 0.5, source_balance: 0, validation_count: 4 },
  ...{ blend_share: { start: 0, end: 0 }, simulated: folder, simulated_share: { start: 1, end: 0.5 } },
});

const configs: Partial<Record<TrainerName, () => object>> = {
  classifier: () => ({ model: { channels: [8, 8], norm_groups: 2, dropout: 0.1 }, data: data(), train }),
  autoencoder: () => ({
    model: { latent_channels: 2, block_out_channels: [8, 8, 8], layers_per_block: 1, norm_num_groups: 2 },
    loss: {
      ...{ pixel_weight: 1, perceptual_weight: 0, kl_weight: 1e-6, discriminator_weight: 0.1 },
      ...{ discriminator: { base_channels: 4, layers: 1 }, adversarial_start: 30 },
    },
    ...{ data: data(), train },
  }),
  plm: () => ({
    model: { hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2 },
    head: { hidden_size: 16, attention_heads: 1, terminus_window: 8, dropout: 0.1 },
    data: {
      lengths: [24, 48],
      batch_size: 8,
      weight_of_human: 1,
      weight_of_opencell: 1,
      validation_count: 8,
    },
    ...{ loss: { localization: 2, max_positive_weight: 2 }, train },
  }),
  diffusion: () => ({
    models: { plm: join(folder, "plm", "model"), autoencoder: join(folder, "autoencoder", "model") },
    model: {
      ...{ block_out_channels: [8, 16], blocks: ["plain", "attention"], layers_per_block: 1 },
      ...{ attention_heads: 2, norm_num_groups: 4 },
    },
    ...{ conditioning_dropout: 0.2, data: data(), train },
  }),
};

async function run(trainer: TrainerName, name: string, onProgress?: (now: TrainingProgress) => void) {
  const configFile = join(folder, `${trainer}.yaml`);
  await writeFile(configFile, JSON.stringify(configs[trainer]!()));
  const path = join(folder, name);
  const asked = { trainer, configFile, overrides: [], atlas: atlas.path };
  await startTraining(path, asked, { device: "cpu", onProgress });
}

const stateOf = async (name: string) =>
  readSafetensors(await readFile(join(folder, name, "checkpoints", "step-6.safetensors"))).tensors;

describe("training with simulated cells", () => {
  it.each(["classifier", "autoencoder", "diffusion"] as const)(
    "runs for the %s and goes on after a kill bit for bit",
    async (trainer) => {
      if (trainer === "diffusion") await run("plm", "plm");
      await run(trainer, trainer);
      const kill = ({ step }: TrainingProgress) => {
        if (step === 5) throw new Error("killed");
      };
      await expect(run(trainer, `${trainer}-killed`, kill)).rejects.toThrow("killed");
      await resumeTraining(join(folder, `${trainer}-killed`), trainer, { device: "cpu" });
      const resumed = await stateOf(`${trainer}-killed`);
      for (const [name, { data }] of await stateOf(trainer))
        expect(resumed.get(name)!.data, name).toEqual(data);
    },
  );
});
