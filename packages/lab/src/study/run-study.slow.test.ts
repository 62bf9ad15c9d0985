import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeAtlas } from "../testing/atlas-fixture.ts";
import { parseVariation } from "./plan.ts";
import { runStudy, type StudyRequest } from "./run-study.ts";
import { summarizeStudy } from "./summarize.ts";

let folder: string;
let atlas: Awaited<ReturnType<typeof writeAtlas>>;
let request: StudyRequest;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "study-"));
  atlas = await writeAtlas();
  const config = {
    model: { hidden_size: 4, layers: 1, input_dropout: 0, dropout: 0 },
    data: { batch_size: 8, weight_of_human: 1, weight_of_opencell: 1, validation_count: 8 },
    loss: { max_positive_weight: 4 },
    train: {
      ...{ steps: 6, learning_rate: 0.01, warmup_steps: 1, average_decay: 0.5 },
      ...{ log_every: 2, validate_every: 3, checkpoint_every: 2 },
    },
  };
  await writeFile(join(folder, "preset.yaml"), JSON.stringify(config));
  request = {
    ...{ trainer: "sequence-features", overrides: [], atlas: atlas.path, seeds: 2 },
    variations: [parseVariation("proteins=0.5,1")],
    findConfig: () => join(folder, "preset.yaml"),
    ...{ score: "crossEntropy", folder: join(folder, "study") },
  };
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await atlas.remove();
});

describe("runStudy", () => {
  it("goes on after an interrupt to the same scores, and trains nothing twice", async () => {
    const controller = new AbortController();
    const begun: string[] = [];
    const onRun = ({ name }: { name: string }) => {
      begun.push(name);
      if (begun.length === 2) controller.abort();
    };
    const interrupted = await runStudy(request, { device: "cpu", signal: controller.signal, onRun });
    expect(interrupted).toBeUndefined();
    expect(begun).toHaveLength(2);
    const results = await runStudy(request, { device: "cpu" });
    expect(results!.map(({ run }) => run.name)).toEqual([
      ...["proteins-0.5_seed-0", "proteins-0.5_seed-1", "proteins-1_seed-0", "proteins-1_seed-1"],
    ]);
    const whole = await runStudy({ ...request, folder: join(folder, "whole") }, { device: "cpu" });
    expect(whole!.map(({ score }) => score)).toEqual(results!.map(({ score }) => score));
    const again = await runStudy(request, {
      device: "cpu",
      onProgress: () => expect.fail("a step was taken"),
    });
    expect(again).toEqual(results);
  });

  it("reads the scores of each protein from the table of the last validation", async () => {
    const other = runStudy({ ...request, score: "loss" }, { device: "cpu" });
    await expect(other).rejects.toThrow(/has no score "loss"; it has .*crossEntropy/);
    const path = join(folder, "study/runs");
    expect(await readdir(path)).toHaveLength(4);
    const table = await readFile(join(path, "proteins-1_seed-0/validation.csv"), "utf8");
    expect(table).toMatch(/^step,set,protein,crossEntropy\n6,unseen,/);
    expect(table).toMatch(/\n6,seen,/);
    const results = await runStudy(request, { device: "cpu" });
    expect(summarizeStudy(results!)).toMatchObject([
      { settings: { proteins: "0.5" }, seeds: 2, proteins: 8 },
      { settings: { proteins: "1" }, seeds: 2, proteins: 8 },
    ]);
  });
});
