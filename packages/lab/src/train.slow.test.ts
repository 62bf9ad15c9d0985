import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockFolder } from "@proteoscope/formats/node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { cropRow, writeAtlas } from "./testing/atlas-fixture.ts";
import { trainRun } from "./testing/training-run.ts";
import { estimateRun, resumeTraining, startTraining } from "./train.ts";

vi.setConfig({ testTimeout: 60_000 });

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

const config = {
  model: { channels: [4], norm_groups: 2, dropout: 0 },
  data: {
    ...{ batch_size: 2, compartment_balance: 0.5, source_balance: 0, validation_count: 2 },
    blend_share: { start: 0, end: 0 },
  },
  train: {
    ...{ steps: 3, learning_rate: 0.01, warmup_steps: 0, average_decay: 0.8 },
    ...{ log_every: 1, validate_every: 3, checkpoint_every: 1 },
  },
};
const train = (name: string, overrides: readonly string[] = [], on = atlas.path) =>
  trainRun({ trainer: "classifier", config, atlas: on, folder }, name, { overrides });
const runs = async () => (await readdir(folder)).filter((name) => !name.endsWith(".yaml"));
const configOf = async (path: string) => parse(await readFile(join(path, "config.yaml"), "utf8"));
const device = { device: "cpu" } as const;

describe("a run folder", () => {
  it("stores the trainer, the atlas and the whole configuration", async () => {
    const { path } = await train("whole");
    expect(await configOf(path)).toMatchObject({
      ...{ trainer: "classifier", atlas: atlas.path, model: { channels: [4] } },
      train: { steps: 3, seed: 0 },
    });
  });

  it("is not begun twice, nor resumed by another trainer", async () => {
    await expect(train("whole")).rejects.toThrow(/holds a run already/);
    const path = join(folder, "whole");
    await expect(resumeTraining(path, "plm", device)).rejects.toThrow(/is a run of train classifier/);
    await expect(resumeTraining(join(folder, "none"), "plm", device)).rejects.toThrow(/no run to resume/);
    expect(await runs()).toEqual(["whole"]);
  });

  it.each([
    ["a key that the schema does not know", ["model.chanels=[4]"], /did you mean model\.channels/],
    ["an earlier run that is not there", ["train.start_from=/nowhere"], /nowhere/],
  ])("is not created for %s", async (_, overrides, message) => {
    await expect(train("wrong", overrides)).rejects.toThrow(message);
    expect(await runs()).not.toContain("wrong");
  });

  it("is not created for an atlas folder that is not there", async () => {
    await expect(train("mistyped", [], `${atlas.path}-mistyped`)).rejects.toThrow(/mistyped/);
    expect(await runs()).not.toContain("mistyped");
    expect((await train("mistyped")).state).toBe("finished");
  });

  it("is not created for data that no run could end with", async () => {
    const rows = Array.from({ length: 4 }, (_, index) => ({ ...cropRow, index, FOV_id: `f${index}` }));
    const damaged = await writeAtlas({ crops: rows });
    const table = join(damaged.path, "crops.csv");
    const last = (await readFile(table, "utf8")).trim().split("\n").at(-1)!;
    await appendFile(table, `${last.replace(/^3,/, "9,")}\n`);
    await expect(train("damaged", [], damaged.path)).rejects.toThrow(
      /crops\.csv names crop 9, crops_u8\.npy holds 4/,
    );
    const heldOut = await writeAtlas({ crops: rows.map((row) => ({ ...row, split_image: "test" })) });
    await expect(train("empty", [], heldOut.path)).rejects.toThrow(/no training crop of a single real cell/);
    for (const one of [damaged, heldOut]) await one.remove();
    expect(await runs()).not.toContain("damaged");
    expect(await runs()).not.toContain("empty");
  });
});

describe("the estimate of a run", () => {
  const estimate = async (overrides: readonly string[], signal?: AbortSignal) => {
    const configFile = join(folder, "estimate.yaml");
    await writeFile(configFile, JSON.stringify(config)); // JSON is YAML
    const run = { trainer: "classifier", configFile, overrides, atlas: atlas.path } as const;
    return estimateRun(run, { ...device, signal });
  };

  it("counts what is trained and stored, scales with the steps, and leaves no folder", async () => {
    const before = await runs();
    const [few, many] = [await estimate(["train.steps=3"]), await estimate(["train.steps=3000"])];
    const { path } = await train("measured");
    const size = (await stat(join(path, "checkpoints", "step-3.safetensors"))).size;
    expect(few.diskBytes).toBeGreaterThan(3 * size);
    expect(few.diskBytes).toBeLessThan(5 * size + 1e6);
    expect(few.parameters).toBe(many.parameters);
    expect(few.parameters).toBeGreaterThan(10);
    expect(few.totalSeconds).toBeCloseTo(3 * few.secondsPerStep + few.secondsPerValidation, 9);
    expect(many.totalSeconds).toBeCloseTo(3000 * many.secondsPerStep + 1000 * many.secondsPerValidation, 6);
    expect(few.peakBytes).toBeGreaterThan(1e7);
    expect(await runs()).toEqual([...before, "measured"].sort());
  });

  it("refuses what a run would refuse, and ends where it is interrupted", async () => {
    await expect(estimate(["model.chanels=[4]"])).rejects.toThrow(/did you mean model\.channels/);
    await expect(estimate([], AbortSignal.abort())).rejects.toThrow(/abort/);
  });
});

describe("a run that is resumed", () => {
  it("takes another atlas folder where one is given, and stores it", async () => {
    const { path } = await train("moved", ["train.steps=2"]);
    const file = join(path, "config.yaml");
    const stored = await readFile(file, "utf8");
    await writeFile(file, stored.replace("steps: 2", "steps: 3").replace(atlas.path, "/nowhere"));
    await expect(resumeTraining(path, "classifier", device)).rejects.toThrow(/nowhere/);
    await expect(resumeTraining(path, "classifier", { ...device, atlas: "/elsewhere" })).rejects.toThrow(
      /elsewhere/,
    );
    expect((await configOf(path)).atlas).toBe("/nowhere");
    const options = { ...device, atlas: atlas.path };
    expect(await resumeTraining(path, "classifier", options)).toBe("finished");
    expect((await configOf(path)).atlas).toBe(atlas.path);
    expect(await resumeTraining(path, "classifier", device)).toBe("finished");
  });

  it("is refused while another process has it, before anything is read", async () => {
    const path = join(folder, "whole");
    const lock = await lockFolder(path);
    await expect(resumeTraining(path, "classifier", { ...device, atlas: "/nowhere" })).rejects.toThrow(
      /is in use by process/,
    );
    await lock.release();
  });
});

it("takes finished networks from where they are found", async () => {
  const configFile = join(folder, "clip.yaml");
  await writeFile(configFile, "models: {plm: facebook/esm2, autoencoder: other}\n");
  const named: string[] = [];
  const findModel = async (name: string) => {
    named.push(name);
    throw new Error("not on the Hub");
  };
  const run = { trainer: "clip", configFile, overrides: [], atlas: atlas.path, findModel } as const;
  await expect(startTraining(join(folder, "clip"), run, device)).rejects.toThrow("not on the Hub");
  expect(named).toEqual(["facebook/esm2", "other"]);
});
