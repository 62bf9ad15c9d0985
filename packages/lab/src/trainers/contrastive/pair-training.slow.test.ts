// CLIP and the triplet network, which are trained alike.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors } from "@proteoscope/formats";
import { loadAs, loadPretrained } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checkConfig, readConfig } from "../../config/compose.ts";
import { cropRow, writeAtlas } from "../../testing/atlas-fixture.ts";
import { writeAutoencoder, writePlainEsm2, writeSequenceModel } from "../../testing/finished-networks.ts";
import { expectSameCheckpoint, tensorsOf, trainRun, validationOf } from "../../testing/training-run.ts";
import { clipSchema, tripletSchema } from "./config.ts";

vi.setConfig({ testTimeout: 240_000 });

// Images of four known proteins, four crops each, and images that state their compartment alone.
const crops = Array.from({ length: 24 }, (_, index) => {
  const primary = index % 2 === 0 ? "nucleoplasm" : "cytoplasm";
  const known = index % 8 < 4 ? { gene: `GENE${index % 4}`, uniprot: `P${index % 4}` } : {};
  const place = { FOV_id: `field${index}`, split_image: index < 16 ? "train" : "val" };
  return { ...cropRow, index, primary, compartments: `${primary}:1`, ...place, ...known };
});

let folder: string;
let atlas: Awaited<ReturnType<typeof writeAtlas>>;
let models: object;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pairs-"));
  atlas = await writeAtlas({ crops });
  models = {
    plm: await writeSequenceModel(join(folder, "lm")),
    autoencoder: await writeAutoencoder(join(folder, "ae")),
  };
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await atlas.remove();
});

type PairTrainer = "clip" | "triplet";

async function train(trainer: PairTrainer, run: string, overrides: readonly string[] = [], killAt?: number) {
  const config = {
    models,
    model: { projection_dims: 32, dropout: 0.05 },
    data: {
      ...{ batch_size: 8, compartment_balance: 0.5, source_balance: 0, validation_count: 4 },
      ...{ blend_share: { start: 0, end: 0 }, protein_share: 1 },
    },
    train: {
      ...{ steps: 80, learning_rate: 0.005, warmup_steps: 3, average_decay: 0.8 },
      ...{ log_every: 10, validate_every: 80, checkpoint_every: 4 },
    },
  };
  const setup = { trainer, config, atlas: atlas.path, folder };
  const { path, progress } = await trainRun(setup, run, { overrides, killAt });
  return { path, losses: progress.map(({ scores }) => scores[`loss.${trainer}`]!) };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe.each(["clip", "triplet"] as const)("train %s", (trainer) => {
  it("learns which image belongs to which protein", async () => {
    const { losses, path } = await train(trainer, `${trainer}-whole`);
    expect(mean(losses.slice(-8))).toBeLessThan(0.35 * mean(losses.slice(0, 4)));
    const scores = await validationOf(path);
    expect(scores.loss).toBeGreaterThan(0);
    for (const way of ["imageToProtein", "proteinToImage", "known.imageToProtein", "known.proteinToImage"]) {
      for (const name of [
        "recall1",
        "recall5",
        "recall10",
        "chanceRecall1",
        "medianRank",
        "chanceMedianRank",
      ])
        expect(scores[`${way}.${name}`], `${way}.${name}`).toBeGreaterThanOrEqual(0);
      expect(scores[`${way}.recall10`]).toBe(1); // there are no more
    }
    // The two proteins of a compartment look alike in images that were not seen: more than its half is luck.
    expect(scores["known.imageToProtein.chanceRecall1"]).toBeCloseTo(1 / 4, 6);
    expect(scores["known.imageToProtein.recall1"]).toBeGreaterThanOrEqual(1 / 2);
  });

  it("leaves a network that loads, with all that it needs", async () => {
    const model = openFolder(join(folder, `${trainer}-whole`, "model"));
    const { config } = await loadAs(trainer, openFolder(join(folder, `${trainer}-whole`, "model", trainer)));
    expect(config).toEqual({
      ...{ proteinEmbeddingDims: 16, imageEmbeddingDims: 4 * 8 * 8, projectionDims: 32 },
      ...{ dropout: 0.05, esmBottleneck: null },
    });
    const needed = [
      "vae/config.json",
      "plm/config.json",
      "localization/config.json",
      "condition/model.safetensors",
    ];
    for (const file of needed) expect(await model.exists(file), file).toBe(true);
  });

  it("continues after a kill bit for bit, augmented sequences included", async () => {
    const changes = [
      "augment.deleted_residues=3",
      "augment.substitution_rate=0.1",
      "augment.hidden_share=0.3",
    ];
    const overrides = ["train.steps=6", ...changes];
    const { path } = await train(trainer, `${trainer}-uninterrupted`, overrides);
    const killed = await train(trainer, `${trainer}-killed`, overrides, 5);
    await expectSameCheckpoint(path, killed.path, 6);
  });
});

describe("a network on pairs", () => {
  it("begins with the weights of an earlier run of its kind", async () => {
    const from = (run: string) => `train.start_from=${join(folder, run, "model")}`;
    const { losses } = await train("clip", "continued", ["train.steps=1", from("clip-whole")]);
    const first = await train("clip", "anew", ["train.steps=1"]);
    expect(losses[0]).toBeLessThan(0.5 * first.losses[0]!);
    await expect(train("triplet", "mixed", ["train.steps=1", from("clip-whole")])).rejects.toThrow(/triplet/);
  });

  it("has a transformer over the residues where it is configured, and replaces proteins by their orthologs", async () => {
    const fasta = join(folder, "orthologs.fasta");
    await writeFile(fasta, ">P0\nMKRKRKRKR\n>P1\nMDEDEDEDE\n");
    const overrides = [
      "train.steps=1",
      "model.bottleneck={hidden_size: 8, num_layers: 1, num_heads: 2, feed_forward_size: 16, dropout: 0.1}",
      `augment.orthologs=${fasta}`,
    ];
    const { path } = await train("clip", "bottleneck", overrides);
    const { config } = await loadPretrained(openFolder(join(path, "model", "clip")));
    expect(config).toMatchObject({ esmBottleneck: { hiddenSize: 8, numLayers: 1, result: "full" } });
    const other = await train("clip", "no-orthologs", overrides.slice(0, 2));
    const file = "checkpoints/step-1.safetensors";
    const [replaced, plain] = [await tensorsOf(path, file), await tensorsOf(other.path, file)];
    const name = "firstMoment.protein_projection.fc.weight";
    expect(replaced.get(name)!.data).not.toEqual(plain.get(name)!.data);
  });
});

describe("a network on pairs and a language model as it was published", () => {
  it("needs no localization head, and stores the language model in our layout", async () => {
    const plain = await writePlainEsm2(join(folder, "esm"));
    const words = [`models.plm=${plain}`, "train.steps=6"];
    const { path } = await train("clip", "plain", words);
    const model = openFolder(join(path, "model"));
    expect((await loadAs("esm2", openFolder(join(path, "model", "plm")))).config.hiddenSize).toBe(16);
    expect(await model.exists("localization/config.json")).toBe(false);
    const { tensors } = readSafetensors(await model.read("condition/model.safetensors"));
    expect([...tensors.keys()].sort()).toEqual(["residues.deviation", "residues.mean"]);
    await expectSameCheckpoint(path, (await train("clip", "plain-killed", words, 5)).path, 6);
  });
});

describe("the presets of CLIP and the triplet network", () => {
  it.each([
    ["clip", "mini"],
    ["clip", "paper"],
    ["triplet", "mini"],
    ["triplet", "paper"],
  ] as const)("%s.%s is a configuration of it", async (trainer, preset) => {
    const file = new URL(`../../../../../configs/train/${trainer}.${preset}.yaml`, import.meta.url).pathname;
    const schema = trainer === "clip" ? clipSchema : tripletSchema;
    const given = { ...(await readConfig(file)), models: { plm: "plm", autoencoder: "autoencoder" } };
    const { model, augment } = checkConfig(schema, given, file);
    expect(model.projectionDims).toBe(preset === "paper" ? 1024 : 256);
    expect(augment).toMatchObject({ deletedResidues: 0, substitutionRate: 0, hiddenShare: 0 });
  });
});
