import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadAs } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checkConfig, readConfig } from "../../config/compose.ts";
import { cropRow, writeAtlas } from "../../testing/atlas-fixture.ts";
import { writeCytoself, writePlainEsm2, writeSequenceModel } from "../../testing/finished-networks.ts";
import { expectSameCheckpoint, tensorsOf, trainRun, validationOf } from "../../testing/training-run.ts";
import { readCytoself } from "../../training/frozen/finished-models.ts";
import { cytoclassSchema } from "./config.ts";

vi.setConfig({ testTimeout: 240_000 });

const genes = ["GENE0", "GENE1", "GENE2", "GENE3"];

// Images of four known proteins, and images that state their compartment alone.
const crops = Array.from({ length: 24 }, (_, index) => {
  const primary = index % 2 === 0 ? "nucleoplasm" : "cytoplasm";
  const known = index % 8 < 4 ? { gene: genes[index % 4]!, uniprot: `P${index % 4}` } : {};
  const place = { FOV_id: `field${index}`, split_image: index < 16 ? "train" : "val" };
  return { ...cropRow, index, primary, compartments: `${primary}:1`, ...place, ...known };
});

let folder: string;
let atlas: Awaited<ReturnType<typeof writeAtlas>>;
let models: object;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cytoclass-"));
  atlas = await writeAtlas({ crops });
  models = {
    plm: await writeSequenceModel(join(folder, "lm")),
    cytoself: await writeCytoself(join(folder, "cytoself"), genes),
  };
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await atlas.remove();
});

function train(name: string, overrides: readonly string[] = [], killAt?: number) {
  const config = {
    models,
    model: { dropout: 0.05 },
    data: {
      ...{ batch_size: 8, compartment_balance: 0.5, source_balance: 0, validation_count: 4 },
      ...{ blend_share: { start: 0, end: 0 }, protein_share: 0.75 },
    },
    train: {
      ...{ steps: 120, learning_rate: 0.02, warmup_steps: 3, average_decay: 0.8 },
      ...{ log_every: 10, validate_every: 120, checkpoint_every: 4 },
    },
  };
  return trainRun({ trainer: "cytoclass", config, atlas: atlas.path, folder }, name, { overrides, killAt });
}

describe("train cytoclass", () => {
  it("learns the codes of images and the names that cytoself gives them from sequences", async () => {
    const { progress, path } = await train("whole");
    const meanOf = (name: string, from: number, to?: number) => {
      const values = progress.slice(from, to).map(({ scores }) => scores[name]!);
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    expect(meanOf("loss.cytoclass", -8)).toBeLessThan(0.3 * meanOf("loss.cytoclass", 0, 4));
    expect(meanOf("crossEntropy", -8)).toBeLessThan(0.3 * meanOf("crossEntropy", 0, 4));
    const scores = await validationOf(path);
    // The name is read off the sequence, so that it is right for images that were not seen too.
    expect(scores.accuracy).toBe(1);
    expect(scores.loss).toBeCloseTo(scores.meanSquaredError! + 10 * scores.crossEntropy!, 4);
    for (const way of ["imageToProtein", "proteinToImage"]) expect(scores[`known.${way}.recall10`]).toBe(1);
  });

  it("leaves a regressor that loads, without cytoself, which is not trained", async () => {
    const { config, weights } = await loadAs(
      "cytoclass",
      openFolder(join(folder, "whole", "model", "cytoclass")),
    );
    expect(config).toMatchObject({ proteinEmbeddingDims: 16, projectionDims: 4 * 2 * 2 });
    expect([...weights.keys()].every((name) => name.startsWith("protein_projection."))).toBe(true);
    const state = await tensorsOf(folder, "whole", "checkpoints", "step-120.safetensors");
    expect([...state.keys()].some((name) => name.includes("fc_layers"))).toBe(false);
    const model = openFolder(join(folder, "whole", "model"));
    for (const file of ["plm/config.json", "localization/config.json", "condition/model.safetensors"])
      expect(await model.exists(file), file).toBe(true);
  });

  it("continues after a kill bit for bit", async () => {
    const overrides = ["train.steps=6", "augment.hidden_share=0.3"];
    const { path } = await train("uninterrupted", overrides);
    await expectSameCheckpoint(path, (await train("killed", overrides, 5)).path, 6);
  });

  it("begins with the weights of an earlier run", async () => {
    const from = `train.start_from=${join(folder, "whole", "model")}`;
    const { progress } = await train("continued", ["train.steps=1", from]);
    const anew = await train("anew", ["train.steps=1"]);
    expect(progress[0]!.scores.crossEntropy).toBeLessThan(0.5 * anew.progress[0]!.scores.crossEntropy!);
  });
});

describe("the regressor on a language model as it was published", () => {
  it("needs no localization head", async () => {
    const plain = await writePlainEsm2(join(folder, "esm"));
    const { path } = await train("plain", ["train.steps=1", `models.plm=${plain}`]);
    const model = openFolder(join(path, "model"));
    expect(await model.exists("plm/model.safetensors")).toBe(true);
    expect(await model.exists("localization/config.json")).toBe(false);
  });
});

describe("a finished cytoself", () => {
  it("is read with its classes and the scales of its images", async () => {
    const { genes: classes, view, config } = await readCytoself(openFolder(join(folder, "cytoself")));
    expect(classes).toEqual(genes);
    expect(view).toEqual({ channels: ["protein", "nucleus"], imageVariance: 0.05, distanceScale: 3 });
    expect(config.numClass).toBe(4);
  });

  it("is refused without them", async () => {
    const bare = await writeCytoself(join(folder, "bare"), genes);
    const path = join(bare, "cytoself", "config.json");
    const { proteoscope: _, ...config } = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify(config));
    await expect(readCytoself(openFolder(bare))).rejects.toThrow(
      /does not list its classes: give the model folder/,
    );
  });
});

describe("the presets of the cytoself regressor", () => {
  it.each(["mini", "paper"])("%s is a configuration of it", async (preset) => {
    const file = new URL(`../../../../../configs/train/cytoclass.${preset}.yaml`, import.meta.url).pathname;
    const given = { ...(await readConfig(file)), models: { plm: "plm", cytoself: "cytoself" } };
    const { loss, model } = checkConfig(cytoclassSchema, given, file);
    expect(loss.classifier).toBe(10);
    expect(model.bottleneck).toBeNull();
  });
});
