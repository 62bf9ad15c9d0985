import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadPretrained } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checkConfig, readConfig } from "../../config/compose.ts";
import { writeAtlas } from "../../testing/atlas-fixture.ts";
import { expectSameCheckpoint, metricsOf, trainRun, validationOf } from "../../testing/training-run.ts";
import { plmSchema } from "./config.ts";

vi.setConfig({ testTimeout: 180_000 });

let folder: string;
let atlas: Awaited<ReturnType<typeof writeAtlas>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plm-"));
  atlas = await writeAtlas();
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await atlas.remove();
});

// As small as it gets, trained for as long as it needs to learn the fixture's two kinds of proteins.
const config = {
  model: { hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2 },
  head: { hidden_size: 16, attention_heads: 1, terminus_window: 8, dropout: 0.1 },
  data: {
    ...{ lengths: [24, 48], batch_size: 8, validation_count: 20 },
    ...{ weight_of_human: 1, weight_of_opencell: 1 },
  },
  loss: { localization: 2, max_positive_weight: 2 },
  train: {
    ...{ steps: 60, learning_rate: 0.01, warmup_steps: 3, average_decay: 0.8 },
    ...{ log_every: 5, validate_every: 60, checkpoint_every: 4 },
  },
};
const train = (name: string, options: Parameters<typeof trainRun>[2] = {}) =>
  trainRun({ trainer: "plm", config, atlas: atlas.path, folder }, name, options);

describe("train plm", () => {
  it("learns residues and compartments, and leaves a language model and a head", async () => {
    const { progress, path } = await train("whole");
    const [first, last] = [progress[0]!.scores, progress.at(-1)!.scores];
    expect(last.localization).toBeLessThan(0.6 * first.localization!);
    expect(last.tokens).toBeLessThan(first.tokens! - 0.2);
    expect((await validationOf(path)).macroAveragePrecision).toBeGreaterThan(0.8);
    const plm = await loadPretrained(openFolder(join(path, "model", "plm")));
    expect(plm).toMatchObject({ architecture: "esm2", config: { hiddenSize: 16 } });
    const head = JSON.parse(await readFile(join(path, "model/localization/config.json"), "utf8"));
    expect(head).toMatchObject({ hidden_size: 16, window_residues: 46 });
    expect(head.labels).toHaveLength(13);
  });

  it("continues after a kill to the same parameters and moments, bit for bit", async () => {
    const overrides = ["train.steps=11", "train.warmup_steps=1"];
    const [whole, killed] = [
      await train("uninterrupted", { overrides }),
      await train("killed", { overrides, killAt: 7 }),
    ];
    expect(killed.state).toBe("finished");
    await expectSameCheckpoint(whole.path, killed.path, 11);
  });

  it("begins with the weights of an earlier run", async () => {
    const overrides = [`train.start_from=${join(folder, "whole", "model")}`, "train.steps=10"];
    const { progress } = await train("longer", { overrides });
    const [fresh] = await metricsOf(join(folder, "whole"));
    expect(progress[0]!.scores.localization).toBeLessThan(0.7 * fresh!.localization!);
  });

  it("stops when its signal aborts, with a checkpoint", async () => {
    const { state, path } = await train("stopped", { signal: AbortSignal.abort() });
    expect(state).toBe("interrupted");
    expect(await readdir(join(path, "checkpoints"))).toEqual(["step-1.safetensors"]);
  });

  it("has a preset", async () => {
    const file = new URL("../../../../../configs/train/plm.mini.yaml", import.meta.url).pathname;
    const { data, model } = checkConfig(plmSchema, await readConfig(file), file);
    expect(data.lengths.length).toBeGreaterThan(0);
    expect(model.frozen).toBe(false);
  });
});
