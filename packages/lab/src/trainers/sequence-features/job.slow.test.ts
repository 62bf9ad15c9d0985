import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { computeSequenceFeatures, loadFeatureHead } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checkConfig, readConfig } from "../../config/compose.ts";
import { compartments } from "../../data/atlas/compartments.ts";
import { readSequences } from "../../data/atlas/sequences.ts";
import { localisationRow, randomSequence, writeAtlas } from "../../testing/atlas-fixture.ts";
import { expectSameCheckpoint, trainRun, validationOf } from "../../testing/training-run.ts";
import { momentsOf } from "../../training/frozen/protein-statistics.ts";
import { sequenceFeaturesSchema } from "./config.ts";

vi.setConfig({ testTimeout: 120_000 });

type Atlas = Awaited<ReturnType<typeof writeAtlas>>;
let folder: string;
let atlas: Atlas;
let other: Atlas; // of longer proteins
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sequence-features-"));
  atlas = await writeAtlas();
  other = await writeAtlas({
    localisation: Array.from({ length: 20 }, (_, index) => ({
      ...{ ...localisationRow, accession: `R${index}`, partition: `${index % 5}.0` },
      sequence: randomSequence(5000 + index, 60 + index),
    })),
  });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  for (const one of [atlas, other]) await one.remove();
});

interface RunOptions {
  readonly overrides?: string[];
  readonly on?: Atlas;
  readonly killAt?: number;
}

async function run(name: string, steps: number, { overrides = [], on = atlas, killAt }: RunOptions = {}) {
  const config = {
    model: { hidden_size: 8, layers: 1, input_dropout: 0.1, dropout: 0.2 },
    data: { batch_size: 8, validation_count: 12, weight_of_human: 1, weight_of_opencell: 1 },
    loss: { max_positive_weight: 2 },
    train: {
      ...{ steps, learning_rate: 0.01, warmup_steps: 3, average_decay: 0.8 },
      ...{ log_every: 5, validate_every: steps, checkpoint_every: 4 },
    },
  };
  const setup = { trainer: "sequence-features", config, atlas: on.path, folder } as const;
  const { path, progress } = await trainRun(setup, name, { overrides, killAt });
  return { path, losses: progress.map(({ scores }) => scores["loss.sequenceFeatures"]!) };
}

const headOf = async (path: string) =>
  (await loadFeatureHead(openFolder(join(path, "model")), compartments))!;

describe("train sequence-features", () => {
  it("learns compartments, and leaves a head that predicts them for proteins that it does not learn from", async () => {
    const { path, losses } = await run("learns", 100);
    expect(losses.at(-1)).toBeLessThan(0.3 * losses[0]!);
    expect((await validationOf(path)).macroAveragePrecision).toBeGreaterThan(0.8);
    expect((await headOf(path)).config).toEqual({
      ...{ labels: compartments, hiddenSize: 8, layers: 1, inputDropout: 0.1, dropout: 0.2 },
    });
  });

  it("continues after a kill bit for bit", async () => {
    const [whole, killed] = [await run("whole", 6), await run("killed", 6, { killAt: 5 })];
    await expectSameCheckpoint(whole.path, killed.path, 6);
    expect(await headOf(killed.path)).toEqual(await headOf(whole.path));
  });

  it("begins with the layers of an earlier run, and measures the features of other proteins anew", async () => {
    const earlier = await run("earlier", 10);
    const overrides = [`train.start_from=${join(earlier.path, "model")}`, "train.learning_rate=1e-12"];
    const later = await run("later", 1, { overrides, on: other });
    const [before, after] = [await headOf(earlier.path), await headOf(later.path)];
    expect([...after.weights.keys()].sort()).toEqual([...before.weights.keys()].sort());
    for (const [name, { data }] of before.weights)
      if (name.startsWith("layers."))
        for (const [i, value] of (data as Float32Array).entries())
          expect(after.weights.get(name)!.data[i], name).toBeCloseTo(value, 6);
    const training = (await readSequences(other.path)).get("train")!;
    const measured = momentsOf(training.map(({ sequence }) => computeSequenceFeatures(sequence)));
    for (const [name, { data }] of measured) {
      expect(after.weights.get(`norm.${name}`)!.data).toEqual(data);
      expect(before.weights.get(`norm.${name}`)!.data).not.toEqual(data);
    }
    await expect(run("wider", 1, { overrides: [...overrides, "model.hidden_size=9"] })).rejects.toThrow(
      /train\.start_from: .* has layers\.0\.bias .*: give the model section of its run/,
    );
  });
});

it("has a preset, as the model card's command trains it", async () => {
  const file = new URL("../../../../../configs/train/sequence-features.mini.yaml", import.meta.url).pathname;
  const { model, train } = checkConfig(sequenceFeaturesSchema, await readConfig(file), file);
  expect(model).toMatchObject({ hiddenSize: 512, layers: 2 });
  expect(train.finalFraction).toBe(0);
});
