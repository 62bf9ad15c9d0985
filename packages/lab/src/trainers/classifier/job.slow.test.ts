import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checkConfig, readConfig } from "../../config/compose.ts";
import { crop, writeAtlas } from "../../testing/atlas-fixture.ts";
import { expectSameCheckpoint, trainRun, validationOf } from "../../testing/training-run.ts";
import { classifierSchema } from "./config.ts";
import { stackImages, stackShares } from "./images.ts";

vi.setConfig({ testTimeout: 180_000 });

let folder: string;
let atlas: Awaited<ReturnType<typeof writeAtlas>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "classifier-"));
  atlas = await writeAtlas();
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await atlas.remove();
});

const config = {
  model: { channels: [8, 8], norm_groups: 2, dropout: 0.1 },
  data: {
    ...{ batch_size: 4, compartment_balance: 0.5, source_balance: 0, validation_count: 4 },
    blend_share: { start: 0, end: 0 },
  },
  train: {
    ...{ steps: 40, learning_rate: 0.01, warmup_steps: 3, average_decay: 0.8 },
    ...{ log_every: 5, validate_every: 40, checkpoint_every: 4 },
  },
};
const setup = () => ({ trainer: "classifier", config, atlas: atlas.path, folder }) as const;

describe("train classifier", () => {
  it("separates nucleus and cytoplasm on fields of view that it does not learn from", async () => {
    const { path } = await trainRun(setup(), "whole");
    const scores = await validationOf(path);
    expect(scores.accuracy).toBe(1);
    expect(scores["recall.cytoplasm"]).toBe(1);
    const stored = JSON.parse(await readFile(join(path, "model/classifier/config.json"), "utf8"));
    expect(stored).toMatchObject({ classes: 12, channels: [8, 8], norm_groups: 2 });
    expect(stored.distance_scale).toBeGreaterThan(1);
  });

  it("continues after a kill bit for bit", async () => {
    const overrides = ["train.steps=6"];
    const whole = await trainRun(setup(), "six", { overrides });
    const killed = await trainRun(setup(), "killed", { overrides, killAt: 5 });
    await expectSameCheckpoint(whole.path, killed.path, 6);
  });

  it("has a preset", async () => {
    const file = new URL("../../../../../configs/train/classifier.mini.yaml", import.meta.url).pathname;
    expect(checkConfig(classifierSchema, await readConfig(file), file).model.channels).toHaveLength(4);
  });
});

describe("the inputs of the classifier", () => {
  it("have the distance in units of its standard deviation", () => {
    const image = Float32Array.of(0.5, 1, 8); // of one pixel
    const { shape, data } = stackImages([image, image], 1, 4);
    expect(shape).toEqual([2, 3, 1, 1]);
    expect([...(data as Float32Array)]).toEqual([0.5, 1, 2, 0.5, 1, 2]);
  });

  it("have the shares of both compartments of a blend", () => {
    const labels = [
      { name: "nucleoplasm", weight: 1 },
      { name: "ER", weight: 3 },
    ];
    const { shape, data } = stackShares([crop({ labels })]);
    expect(shape).toEqual([1, 12]);
    expect([...(data as Float32Array)].filter((share) => share > 0).sort()).toEqual([0.25, 0.75]);
  });
});
