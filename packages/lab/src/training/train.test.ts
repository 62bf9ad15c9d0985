import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors } from "@proteoscope/formats";
import { loadPipeline, loadPretrained } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { writeAtlas } from "../testing/atlas-fixture.ts";
import type { TrainingProgress } from "./loop.ts";
import { resumeTraining, startTraining, type TrainerName } from "./train.ts";

vi.setConfig({ testTimeout: 180_000 });

let folder: string;
let atlas: Awaited<ReturnType<typeof writeAtlas>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "train-"));
  atlas = await writeAtlas();
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await atlas.remove();
});

const train = (steps: number, learningRate: number) => ({
  ...{ steps, learning_rate: learningRate, warmup_steps: 3, average_decay: 0.8 },
  ...{ log_every: 5, validate_every: steps, checkpoint_every: 4 },
});
const images = {
  ...{ batch_size: 4, compartment_balance: 0.5, source_balance: 0, validation_count: 4 },
  blend_share: { start: 0, end: 0 },
};

// Networks as small as they get, trained for as long as they need to learn the fixture's two kinds of cells.
const configs: Partial<Record<TrainerName, object>> = {
  plm: {
    model: { hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2 },
    head: { hidden_size: 16, attention_heads: 1, terminus_window: 8, dropout: 0.1 },
    data: {
      lengths: [24, 48],
      batch_size: 8,
      weight_of_human: 1,
      weight_of_opencell: 1,
      validation_count: 20,
    },
    loss: { localization: 2, max_positive_weight: 2 },
    train: train(60, 0.01),
  },
  autoencoder: {
    model: { latent_channels: 2, block_out_channels: [8, 8, 8], layers_per_block: 1, norm_num_groups: 2 },
    loss: {
      ...{ pixel_weight: 1, perceptual_weight: 0, kl_weight: 1e-6, discriminator_weight: 0.1 },
      ...{ discriminator: { base_channels: 4, layers: 1 }, adversarial_start: 30 },
    },
    data: images,
    train: train(40, 0.01),
  },
  classifier: {
    model: { channels: [8, 8], norm_groups: 2, dropout: 0.1 },
    data: images,
    train: train(40, 0.01),
  },
  diffusion: {
    models: {},
    model: {
      ...{ block_out_channels: [8, 16], blocks: ["plain", "attention"], layers_per_block: 1 },
      ...{ attention_heads: 2, norm_num_groups: 4 },
    },
    conditioning_dropout: 0.2,
    data: images,
    train: train(40, 0.01),
  },
};

async function start(trainer: TrainerName, run: string, overrides: string[] = [], signal?: AbortSignal) {
  const configFile = join(folder, `${trainer}.yaml`);
  await writeFile(configFile, JSON.stringify(configs[trainer])); // JSON is YAML
  const progress: TrainingProgress[] = [];
  const options = {
    device: "cpu",
    signal,
    onProgress: (now: TrainingProgress) => progress.push(now),
  } as const;
  const state = await startTraining(
    join(folder, run),
    { trainer, configFile, overrides, atlas: atlas.path },
    options,
  );
  return { state, progress, path: join(folder, run) };
}

const metricsOf = async (path: string): Promise<Record<string, number>[]> =>
  (await readFile(join(path, "metrics.jsonl"), "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

const validationOf = async (path: string) =>
  (await metricsOf(path))
    .filter((line) => Object.keys(line).some((key) => key.startsWith("validation.")))
    .at(-1)!;

// Stops a run after some steps as a kill would: the checkpoint of the last multiple of 4 is what is left.
async function killAndResume(trainer: TrainerName, run: string, steps: number, overrides: string[]) {
  const path = join(folder, run);
  const configFile = join(folder, `${trainer}.yaml`);
  const onProgress = ({ step }: TrainingProgress) => {
    if (step === steps) throw new Error("killed");
  };
  await expect(
    startTraining(path, { trainer, configFile, overrides, atlas: atlas.path }, { device: "cpu", onProgress }),
  ).rejects.toThrow("killed");
  return resumeTraining(path, trainer, { device: "cpu" });
}

const stateOf = async (path: string, step: number) =>
  readSafetensors(await readFile(join(path, "checkpoints", `step-${step}.safetensors`))).tensors;

describe("train plm", () => {
  it("learns residues and compartments, and leaves a language model and a head", async () => {
    const { progress, path } = await start("plm", "plm");
    expect(progress.at(-1)!.scores.localization).toBeLessThan(0.6 * progress[0]!.scores.localization!);
    expect(progress.at(-1)!.scores.tokens).toBeLessThan(progress[0]!.scores.tokens! - 0.2);
    expect((await validationOf(path))["validation.macroAveragePrecision"]).toBeGreaterThan(0.8);
    const plm = await loadPretrained(openFolder(join(path, "model", "plm")));
    expect(plm).toMatchObject({ architecture: "esm2", config: { hiddenSize: 16 } });
    const head = JSON.parse(await readFile(join(path, "model/localization/config.json"), "utf8"));
    expect(head).toMatchObject({ hidden_size: 16, window_residues: 46 });
    expect(head.labels).toHaveLength(13);
  });

  it("goes on after a kill to the same parameters and moments, bit for bit", async () => {
    const overrides = ["train.steps=11", "train.warmup_steps=1"];
    const { path } = await start("plm", "plm-whole", overrides);
    expect(await killAndResume("plm", "plm-killed", 7, overrides)).toBe("finished");
    const whole = await stateOf(path, 11);
    const resumed = await stateOf(join(folder, "plm-killed"), 11);
    expect([...resumed.keys()].sort()).toEqual([...whole.keys()].sort());
    for (const [name, { data }] of whole) expect(resumed.get(name)!.data, name).toEqual(data);
  });

  it("begins with the weights of an earlier run, under either's schedule", async () => {
    const overrides = [`train.start_from=${join(folder, "plm", "model")}`, "train.steps=10"];
    const { progress } = await start("plm", "plm-longer", overrides);
    const fresh = await metricsOf(join(folder, "plm"));
    expect(progress[0]!.scores.localization).toBeLessThan(0.7 * fresh[0]!.localization!);
  });

  it("stops when it is told to, with a checkpoint", async () => {
    const controller = new AbortController();
    controller.abort();
    const { state, path } = await start("plm", "plm-stopped", [], controller.signal);
    expect(state).toBe("interrupted");
    expect(await readdir(join(path, "checkpoints"))).toEqual(["step-1.safetensors"]);
  });
});

describe("train autoencoder", () => {
  it("learns to reconstruct, and its discriminator joins when it is due", async () => {
    const { progress, path } = await start("autoencoder", "autoencoder");
    expect(progress.at(-1)!.scores.reconstructionLoss).toBeLessThan(
      0.5 * progress[0]!.scores.reconstructionLoss!,
    );
    expect(progress[29]!.scores["loss.discriminator"]).toBe(0);
    expect(progress[30]!.scores["loss.discriminator"]).toBeGreaterThan(0);
    const scores = await validationOf(path);
    expect(scores["validation.psnrNucleus"]).toBeGreaterThan(10);
    const model = await loadPretrained(openFolder(join(path, "model", "vae")));
    expect(model).toMatchObject({ architecture: "autoencoder", config: { latentChannels: 2 } });
    expect(await readdir(join(path, "samples"))).toEqual(["step-40.png"]);
  });

  it("goes on after a kill bit for bit, statistics of the discriminator included", async () => {
    const overrides = ["train.steps=7", "loss.adversarial_start=2"];
    const { path } = await start("autoencoder", "autoencoder-whole", overrides);
    await killAndResume("autoencoder", "autoencoder-killed", 6, overrides);
    const whole = await stateOf(path, 7);
    const resumed = await stateOf(join(folder, "autoencoder-killed"), 7);
    expect([...whole.keys()].some((name) => name.startsWith("buffers."))).toBe(true);
    for (const [name, { data }] of whole) expect(resumed.get(name)!.data, name).toEqual(data);
  });

  it("trains on pixels alone, without a discriminator, where that has weight 0", async () => {
    const overrides = ["loss.discriminator_weight=0", "loss.squared_weight=4", "train.steps=7"];
    const { progress, path } = await start("autoencoder", "autoencoder-pixels", overrides);
    await killAndResume("autoencoder", "pixels-killed", 6, overrides);
    expect(Object.keys(progress[0]!.scores).filter((name) => /discriminator|adversarial/.test(name))).toEqual(
      [],
    );
    const whole = await stateOf(path, 7);
    const resumed = await stateOf(join(folder, "pixels-killed"), 7);
    expect([...whole.keys()].filter((name) => name.includes("discriminator"))).toEqual([]);
    for (const [name, { data }] of whole) expect(resumed.get(name)!.data, name).toEqual(data);
  });

  it("trains the decoder alone on the latents of an earlier run", async () => {
    const earlier = join(folder, "autoencoder", "model");
    const overrides = ["trained=decoder", `train.start_from=${earlier}`, "loss.adversarial_start=2"];
    await start("autoencoder", "decoder-whole", [...overrides, "train.steps=7"]);
    await killAndResume("autoencoder", "decoder", 6, [...overrides, "train.steps=7"]);
    const weightsOf = async (run: string) =>
      (await loadPretrained(openFolder(join(folder, run, "model", "vae")))).weights;
    const [before, whole, after] = [
      await weightsOf("autoencoder"),
      await weightsOf("decoder-whole"),
      await weightsOf("decoder"),
    ];
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [name, { data }] of after) {
      expect(data, name).toEqual(whole.get(name)!.data);
      const isSame = data.every((value, i) => value === before.get(name)!.data[i]);
      expect(isSame, name).toBe(/^(encoder|quant_conv)\./.test(name));
    }
    await expect(start("autoencoder", "no-encoder", ["trained=decoder"])).rejects.toThrow(
      /train\.start_from/,
    );
  });

  it("asks for the perceptual network's file where it counts", async () => {
    await expect(start("autoencoder", "no-lpips", ["loss.perceptual_weight=1"])).rejects.toThrow(
      /loss\.perceptual_file is missing/,
    );
  });
});

describe("train classifier", () => {
  it("tells nuclei from cytoplasm on fields that it has not seen", async () => {
    const { path } = await start("classifier", "classifier");
    const scores = await validationOf(path);
    expect(scores["validation.accuracy"]).toBe(1);
    expect(scores["validation.recall.cytoplasm"]).toBe(1);
    const config = JSON.parse(await readFile(join(path, "model/classifier/config.json"), "utf8"));
    expect(config).toMatchObject({ classes: 12, channels: [8, 8], norm_groups: 2 });
    expect(config.distance_scale).toBeGreaterThan(1);
  });
});

describe("train diffusion", () => {
  const models = () => ["plm", "autoencoder"].map((name) => `models.${name}=${join(folder, name, "model")}`);

  it("learns on finished networks and leaves a whole pipeline with what it measured", async () => {
    const { progress, path } = await start("diffusion", "diffusion", models());
    const mean = (from: number, to: number) =>
      progress.slice(from, to).reduce((sum, { scores }) => sum + scores["loss.diffusion"]! / (to - from), 0);
    expect(mean(30, 40)).toBeLessThan(0.9 * mean(0, 5));
    expect((await validationOf(path))["validation.lossOfOthers"]).toBeGreaterThan(0);
    const { index, unet } = await loadPipeline(openFolder(join(path, "model")));
    expect(unet.config).toMatchObject({ sampleSize: 4, inChannels: 3, crossAttentionDim: 16 });
    expect(index.proteoscope).toMatchObject({
      crop_pixels: 16,
      window_residues: 46,
      pixel_size_microns: 0.4126,
    });
    expect((index.proteoscope as Record<string, number>).latent_scale).toBeGreaterThan(0);
    expect(await readdir(join(path, "samples"))).toEqual(["step-40.png"]);
    expect(await readdir(join(path, "model", "localization"))).toHaveLength(2);
  });

  it("begins with the weights of an earlier run, and tells proteins in its terms", async () => {
    const earlier = join(folder, "diffusion", "model");
    const begin = [`train.start_from=${earlier}`, "train.steps=1", "train.learning_rate=1.0e-12"];
    const { path } = await start("diffusion", "diffusion-longer", [...models(), ...begin, "train.seed=7"]);
    const tensorsOf = async (run: string, part: string) =>
      readSafetensors(
        await readFile(join(run, part, "model.safetensors").replace("unet/", "unet/diffusion_pytorch_")),
      ).tensors;
    for (const part of ["condition", "unet"]) {
      const before = await tensorsOf(earlier, part);
      const after = await tensorsOf(join(path, "model"), part);
      for (const [name, { data }] of before)
        for (const [i, value] of (data as Float32Array).entries())
          expect((after.get(name)!.data as Float32Array)[i]!).toBeCloseTo(value, 5);
    }
  });

  it("goes on after a kill bit for bit", async () => {
    const overrides = [...models(), "train.steps=6"];
    const { path } = await start("diffusion", "diffusion-whole", overrides);
    await killAndResume("diffusion", "diffusion-killed", 5, overrides);
    const whole = await stateOf(path, 6);
    const resumed = await stateOf(join(folder, "diffusion-killed"), 6);
    for (const [name, { data }] of whole) expect(resumed.get(name)!.data, name).toEqual(data);
  });
});

describe("a run folder", () => {
  it("is not begun twice, nor resumed as another trainer's", async () => {
    await expect(start("plm", "plm")).rejects.toThrow(/holds a run already/);
    const path = join(folder, "plm");
    await expect(resumeTraining(path, "classifier", { device: "cpu" })).rejects.toThrow(
      /is a run of train plm/,
    );
    await expect(resumeTraining(join(folder, "none"), "plm", { device: "cpu" })).rejects.toThrow(
      /no run to resume/,
    );
  });

  it("is not made for a configuration that is wrong", async () => {
    await expect(start("plm", "wrong", ["model.hiden_size=3"])).rejects.toThrow(
      /did you mean model\.hidden_size/,
    );
    expect(await readdir(folder)).not.toContain("wrong");
  });
});
